"""What beat asks of the store: short tails, no garbage, snapshots that still hash to their codes."""

import logging

from celery import shared_task

from plans.models import Snapshot
from plans.selectors import verify_snapshot
from plans.services import collect_blocks, compact_long_tails, expire_overdue_scenarios

logger = logging.getLogger(__name__)


@shared_task(name="plans.compact")
def compact() -> None:
    """Fold long tails; readers and editors are not held up."""
    compact_long_tails()


@shared_task(name="plans.collect")
def collect() -> None:
    """Delete blocks nothing names any more."""
    collect_blocks()


@shared_task(name="plans.expire")
def expire() -> None:
    """Close scenarios whose time is over."""
    expire_overdue_scenarios()


@shared_task(name="plans.verify")
def verify() -> None:
    """Hash every snapshot again; what does not hold is an error in the log."""
    for code in Snapshot.objects.values_list("code", flat=True):
        for finding in verify_snapshot(code=code):
            logger.error("snapshot %s: %s %s", code, finding.part, finding.problem)

"""The doorbell: tells workers that a job waits. Losing a ring loses nothing, the reaper rings again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import ChannelError, OperationalError

log = logging.getLogger(__name__)

RING = "core.ring"
_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0}  # one: a pooled connection may be dead


def ring_on_commit(job_ids: Iterable[int]) -> None:
    """Ring once the surrounding transaction has committed; never fails the caller."""
    transaction.on_commit(partial(ring, list(job_ids)))


def ring(job_ids: Iterable[int]) -> bool:
    """Publish one message per job, carrying its id only. False when the broker cannot be reached."""
    try:
        with current_app.producer_pool.acquire(block=True) as producer:
            for job_id in job_ids:
                current_app.send_task(RING, args=[job_id], producer=producer, retry=True, retry_policy=_RETRY)
    except (OperationalError, OSError) as failure:
        log.warning("broker not reachable, jobs wait for the reaper: %s", type(failure).__name__)
        return False
    return True


def is_queue_empty() -> bool:
    """Whether no ring waits at the broker. Raises ``OperationalError`` or ``OSError`` when it is down."""
    queue = current_app.conf.task_default_queue
    with current_app.pool.acquire(block=True) as connection:
        connection.ensure_connection(**_RETRY)
        with connection.channel() as channel:
            try:
                return channel.queue_declare(queue=queue, passive=True).message_count == 0
            except ChannelError:  # an empty Redis list does not exist
                return True

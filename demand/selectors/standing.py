"""How far the demand plan of a cycle is: snapshot, forecast and proposal, and whether they are stale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import can
from cycles.choices import StepCode
from cycles.models import Cycle, Step, Submission
from cycles.template import TEMPLATE_OF
from cycles.transitions import WORKING
from demand.measures import BASELINE, PROPOSAL
from demand.models import ForecastRun
from demand.streams import STREAMS
from plans.choices import FreezeKind
from plans.models import Move, Version
from plans.selectors import get_valid_snapshot


@dataclass(frozen=True)
class Standing:
    """``code`` is the snapshot, or the working mark while nothing is frozen. ``why_not``: why submitting is blocked."""

    code: str
    is_frozen: bool
    forecast: ForecastRun | None
    is_proposal_stale: bool
    submission: Submission | None
    why_not: str

    @property
    def forecast_at(self) -> datetime | None:
        return self.forecast.finished_at if self.forecast else None


def load_standing(*, cycle: Cycle, version: Version, user: User) -> Standing:
    """Where the plan stands, for one person."""
    snapshot = get_valid_snapshot(version_id=version.pk, kind=FreezeKind.DEMAND)
    step = Step.objects.filter(cycle=cycle, code=StepCode.DEMAND_REVIEW).first()
    submission = step and Submission.objects.filter(step=step, department=user.department).first()
    return Standing(
        code=snapshot.code[:10] if snapshot else f"W-{cycle}",
        is_frozen=snapshot is not None,
        forecast=ForecastRun.objects.filter(version__cycle=cycle).first(),
        is_proposal_stale=_is_proposal_stale(version),
        submission=submission or None,
        why_not=_why_not(user, step),
    )


def _is_proposal_stale(version: Version) -> bool:
    """A baseline was published after the proposal was made from the one before."""
    moves = dict(
        Move.objects.filter(head__version=version, head__measure__in=[BASELINE, PROPOSAL])
        .order_by("at")
        .values_list("head__measure", "at")
    )
    return BASELINE in moves and (PROPOSAL not in moves or moves[PROPOSAL] < moves[BASELINE])


def _why_not(user: User, step: Step | None) -> str:
    """Why the user cannot hand in now; empty when they can."""
    required = TEMPLATE_OF[StepCode.DEMAND_REVIEW].required
    asked = {*required, *(stream.department for stream in STREAMS)}
    if not can(user, "submission.submit") or user.department not in asked:
        names = ", ".join(str(Department(d).label) for d in required)
        return _("%(departments)s hand in here.") % {"departments": names}
    if step is None or step.state not in WORKING:
        return _("The demand review is not open.")
    return ""

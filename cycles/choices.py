"""States of the monthly cycle (docs/architecture.md; process rules in docs/process.md)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class CycleState(TextChoices):
    DRAFT = "draft", _("draft")
    COLLECTING = "collecting", _("collecting")
    DEMAND_REVIEW = "demand_review", _("demand review")
    SUPPLY_REVIEW = "supply_review", _("supply review")
    PRE_SOP = "pre_sop", _("Pre-S&OP")
    EXECUTIVE = "executive", _("executive S&OP")
    APPROVED = "approved", _("approved")
    RELEASED = "released", _("released")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("cancelled")


class StepCode(TextChoices):
    BUSINESS_REVIEW = "business_review", _("Data & business review")
    DEMAND_REVIEW = "demand_review", _("Demand review")
    SUPPLY_REVIEW = "supply_review", _("Supply review")
    PRE_SOP = "pre_sop", _("Pre-S&OP")
    EXECUTIVE = "executive", _("Executive S&OP")
    RELEASE = "release", _("Release & execution")


class StepState(TextChoices):
    NOT_STARTED = "not_started", _("not started")
    OPEN = "open", _("open")
    SUBMITTED = "submitted", _("submitted")
    IN_MEETING = "in_meeting", _("in meeting")
    SIGNED_OFF = "signed_off", _("signed off")
    REOPENED = "reopened", _("reopened")


class SubmissionStatus(TextChoices):
    MISSING = "missing", _("missing")
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    LATE = "late", _("late")


class Milestone(TextChoices):
    """The dates of a cycle, in order."""

    DATA_CLOSE_OPENS = "data_close_opens", _("data close begins")
    DATA_CLOSED = "data_closed", _("data closed")
    INPUTS_OPEN = "inputs_open", _("baseline ready, inputs open")
    INPUT_CUTOFF = "input_cutoff", _("input cut-off")
    DEMAND_REVIEW = "demand_review", _("demand review")
    SUPPLY_REVIEW = "supply_review", _("supply review")
    PRE_SOP = "pre_sop", _("Pre-S&OP")
    PRE_READ = "pre_read", _("pre-read out")
    EXECUTIVE = "executive", _("executive S&OP")
    RELEASE = "release", _("release")


class DayKind(TextChoices):
    HOLIDAY = "holiday", _("holiday")
    WORKDAY = "workday", _("working day in exchange")

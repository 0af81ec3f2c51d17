"""Closed lists of the meetings: states of what is met, decided, done and feared."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Presence(TextChoices):
    ABSENT = "absent", _("absent")
    PRESENT = "present", _("present")
    DELEGATE = "delegate", _("represented by a delegate")


class DecisionState(TextChoices):
    DRAFT = "draft", _("draft")
    PROPOSED = "proposed", _("proposed")
    ESCALATED = "escalated", _("escalated")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    DEFERRED = "deferred", _("deferred")
    IMPLEMENTED = "implemented", _("implemented")
    VERIFIED = "verified", _("verified")


class DecisionSource(TextChoices):
    """Where an item of the decision list comes from."""

    MANUAL = "manual", _("entered by hand")
    GAP = "gap", _("gap between demand and supply")
    CONFLICT = "conflict", _("conflict between departments")
    CARRIED = "carried", _("deferred by an earlier meeting")
    SUPPLY = "supply", _("ways out and scenarios of the supply plan")


class ActionState(TextChoices):
    OPEN = "open", pgettext_lazy("action", "open")
    IN_PROGRESS = "in_progress", _("in progress")
    DONE = "done", _("done")
    VERIFIED = "verified", _("verified")
    CANCELLED = "cancelled", _("cancelled")


UNFINISHED = (ActionState.OPEN, ActionState.IN_PROGRESS)


class RiskKind(TextChoices):
    RISK = "risk", _("risk")
    OPPORTUNITY = "opportunity", _("opportunity")


class RiskState(TextChoices):
    OPEN = "open", pgettext_lazy("issue", "open")
    HAPPENED = "happened", _("happened")
    CLOSED = "closed", _("closed")


class ConflictState(TextChoices):
    OPEN = "open", pgettext_lazy("issue", "open")
    DECIDED = "decided", _("decided")
    ESCALATED = "escalated", _("escalated")
    DEFERRED = "deferred", _("deferred")

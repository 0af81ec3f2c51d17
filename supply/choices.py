"""Closed lists of the supply room."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ReleaseState(TextChoices):
    PUBLISHED = "published", _("published")
    PARTLY_ACKNOWLEDGED = "partly_acknowledged", _("partly acknowledged")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    SUPERSEDED = "superseded", _("superseded")


class AckStatus(TextChoices):
    ACCEPTED = "accepted", _("accepted")
    PARTIAL = "partial", _("partly accepted")
    REJECTED = "rejected", _("rejected")

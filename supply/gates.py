"""What the supply room asks and does when the cycle moves."""

from django.utils.translation import gettext_lazy as _

from cycles.gates import register_effect, register_gate
from supply.services.releases import check_release, publish_release


def register() -> None:
    register_gate("approved->released", "release", _("The plan can be released"), check_release)
    register_effect("approved->released", publish_release)

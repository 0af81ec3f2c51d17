"""The ways to split a total, in the words of the grid's tool bar."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from plans.choices import SpreadRule

SPREAD_LABELS: dict[str, str | Promise] = {
    SpreadRule.BASELINE: gettext_lazy("by baseline"),
    SpreadRule.HISTORY: gettext_lazy("by history"),
    SpreadRule.CURRENT: gettext_lazy("by current"),
    SpreadRule.EQUAL: gettext_lazy("equally"),
    SpreadRule.TAKE_RATE: gettext_lazy("by take rate"),
}

"""How figures of the demand pages are worked out: the help texts of their headings."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FORMULAS: dict[str, str | Promise] = {
    "rate_learnt": _("Units of the choice ÷ units of the series over the months learnt from."),
    "rate_planned": _("Typed where somebody typed it; what is left is divided as learnt."),
    "rate_sold": _("Units of the choice ÷ units of the series in the last closed month."),
    "rate_drift": _("Sold less planned, in points."),
    "rate_in_plan": _("Units of the choice ÷ units of the series in the plan."),
    "weight_proposed": _("Inverse error of sales ÷ (inverse error of sales + inverse error of the baseline)."),
}

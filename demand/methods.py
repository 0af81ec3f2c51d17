"""The forecast methods in the reader's words; codes are those of the engine's catalogue."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

METHOD_LABELS: dict[str, Promise] = {
    "theta": _("Theta"),
    "theta_log": _("Theta on logarithms"),
    "damped": _("Damped trend"),
    "damped_log": _("Damped trend on logarithms"),
    "aggregated": _("Temporal aggregation"),
    "aggregated_log": _("Temporal aggregation on logarithms"),
    "complex": _("Complex smoothing"),
    "complex_log": _("Complex smoothing on centred logarithms"),
    "winters_additive": _("Holt-Winters additive"),
    "winters_multiplicative": _("Holt-Winters multiplicative"),
    "seasonal_naive": _("Same month last year"),
    "seasonal_naive_growth": _("Same month last year with damped growth"),
    "year_mean": _("Mean of the last year"),
    "theta_optimal": _("Theta with its own slope"),
    "combination": _("Combination of members"),
    "combination_residual": _("Combination with learnt correction"),
    "short_history": _("Combination without seasonality"),
    "run_rate": _("Run rate of a new product"),
    "analogue": _("Launch curve of analogues"),
    "intermittent": _("Intermittent demand mix"),
    "no_demand": _("No demand expected"),
}

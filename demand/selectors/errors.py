"""How wrong the forecast may be over a lead time: what safety stocks and flex bands are sized by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.packing import unpack_arrays
from demand.models import ForecastErrors
from engine.forecasting.lead_time import LeadTimeTable
from plans.choices import AxisKind
from plans.cubes import Axis

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def load_cumulative_error(*, version_id: int, keys: Ints, months_ahead: int, level: float) -> Floats:
    """Units above the forecast, summed over the next ``months_ahead`` months, not exceeded with probability ``level``.

    ``keys`` [n, 2] are (product id, org id) in any order; ``level`` is the service level in (0, 1). From the
    back-test of the last forecast of the version's cycle, so errors that go together from month to month count as
    such. float64 [n] in the products' units, never below zero; NaN where nothing was forecast. Months add up inside
    one figure; figures of several keys must not simply be added (see ``demand.bands.join_widths``).
    """
    newest = ForecastErrors.objects.filter(run__version__cycle__versions=version_id).order_by("-run")
    data = newest.values_list("data", flat=True).first()
    out = np.full(len(keys), np.nan)
    if data is None:
        return out
    stored = unpack_arrays(data)
    rows = Axis(AxisKind.PRODUCT_ORG, stored["keys"]).rows_of(keys)
    table = LeadTimeTable(stored["quantiles"], stored["classes"], stored["size"].astype(np.float64))
    known = rows >= 0
    out[known] = table.read(months_ahead, level)[rows[known]]
    return out

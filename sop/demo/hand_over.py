"""What a released plan leaves to the next month's count and to its open purchases."""

from __future__ import annotations

from cycles.models import Cycle
from masterdata.models import Material, Site
from plans.models import Version
from plans.selectors import get_working_version, load_measure
from sop.demo.view import HandOver
from supply import measures as m


def hand_over(cycle: Cycle) -> HandOver:
    """Parts in the stores at the end of the cycle's month, and what is bought for the month after."""
    version = get_working_version(cycle)
    materials = dict(Material.objects.values_list("pk", "code"))
    sites = dict(Site.objects.values_list("pk", "code"))
    left = _column(version, m.MATERIAL_STOCK, cycle.month)
    ordered: dict[str, float] = {}
    for (material, _site), units in _column(version, m.PURCHASE, cycle.month + 1).items():
        ordered[materials[material]] = ordered.get(materials[material], 0.0) + units
    return HandOver({(materials[key], sites[site]): units for (key, site), units in left.items()}, ordered)


def _column(version: Version, measure: str, month: int) -> dict[tuple[int, int], float]:
    cube = load_measure(version_id=version.pk, measure=measure, months=range(month, month + 1))
    return {
        (material, site): float(units)
        for (material, site), units in zip(cube.axis.keys.tolist(), cube.to_float()[:, 0], strict=True)
    }

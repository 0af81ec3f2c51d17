"""Which plan a page shows, and how far a scenario has gone from the plan it stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.errors import Missing
from cycles.models import Cycle
from plans.cache import CONTENT
from plans.choices import VersionKind, VersionState
from plans.measures import get_measure
from plans.models import Version
from plans.selectors.heads import HeadRef, find_version, get_heads, get_working_version
from plans.selectors.scenarios import diff_states, get_parent, list_stale_measures, load_pin_state
from plans.selectors.state import load_state


@dataclass(frozen=True)
class ScenarioStanding:
    """What the banner over a scenario says.

    ``changed_cells`` : cells people changed. ``calculated`` : labels of the measures calculated again since.
    ``stale`` : labels of the measures that moved in the base after the scenario was made.
    """

    version: Version
    base: Version | None
    changed_cells: int
    calculated: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return self.version.state == VersionState.OPEN

    @property
    def is_unchanged(self) -> bool:
        return not self.changed_cells and not self.calculated


def get_shown_version(cycle: Cycle, wanted: str | None) -> Version:
    """The plan a page of a cycle shows: its own, or the one of the same cycle that ``?version=`` names.

    Raises ``Missing``, also for a plan of another cycle: no page mixes two.
    """
    if not wanted:
        return get_working_version(cycle)
    version = find_version(wanted)
    if version.cycle_id != cycle.pk:
        raise Missing(_("Cycle %(cycle)s has no such plan.") % {"cycle": cycle}, details={"version": version.pk})
    return version


def load_scenario_standing(version: Version) -> ScenarioStanding | None:
    """How far a scenario is from its base; ``None`` for any other plan."""
    if version.kind != VersionKind.SCENARIO:
        return None
    heads = get_heads(version_id=version.pk)
    return ScenarioStanding(
        version=version,
        base=get_parent(version),
        changed_cells=sum(_count_changes(ref) for ref in heads.values() if get_measure(ref.measure).editable),
        calculated=_labels(code for code, ref in heads.items() if _is_calculated(ref)),
        stale=_labels(list_stale_measures(version_id=version.pk)),
    )


def _labels(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(get_measure(code).label) for code in codes)


def _is_calculated(ref: HeadRef) -> bool:
    """Whether a calculation gave a measure numbers other than those it was forked with."""
    if get_measure(ref.measure).editable:
        return False
    pin = ref.pin
    return ref.epoch > 0 and (pin is None or pin.block_id != ref.block_id)


def _count_changes(ref: HeadRef) -> int:
    """Cells of an edited measure that differ from the base; remembered, because a head's reference never changes."""
    if ref.pin is None or not (ref.rev or ref.epoch):
        return 0
    return CONTENT.get_or_make(("changed cells", ref), lambda: len(diff_states(load_pin_state(ref), load_state(ref))))

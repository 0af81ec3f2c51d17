"""The catalogue of measures: what each number of a plan is, where it lives, who may write it, how it is made.

The grid, the API, the dashboards, the number passport and the permission test read it. The room that fills a measure
registers it in its ``AppConfig.ready()``; those of the calculations stand in ``plans.catalogue``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.errors import Missing
from plans.choices import AxisKind, FreezeKind, PublishPolicy, Unit
from plans.cubes import canonical_json

Text = str | Promise


@dataclass(frozen=True)
class Measure:
    """One measure.

    ``scale`` : decimals kept; ``None`` takes the company's (quantity or currency decimals).
    ``nullable`` : an empty cell differs from 0. ``additive`` : children sum to their parent.
    ``edit_action`` : what ``accounts.policies`` must allow to edit it; ``None`` when nobody may.
    ``freeze_at`` : the step whose freezing seals it; ``None`` waits for the approval.
    ``overlay`` : (lower, upper): the measure has no numbers of its own; reading shows ``upper`` where it is
    present and else ``lower``; editing writes ``upper``.
    ``minimum`` : smallest value of a cell, ``None`` where it may be negative. ``masked`` : shown to those only who may
    see costs.
    ``valued_from`` : the quantity a money measure is a price or cost times of; empty where it is not.
    ``needs_reason`` : a person who sets a figure of a cycle's plan names a reason (R-053).
    ``follows`` : measures that an open head's numbers are derived from at every reading (``register_derivation``); a
    sealed head reads what was published under it.
    ``rolls`` : a new cycle starts from the last approved plan's numbers, one month further on.
    """

    code: str
    label: Text
    axis_kind: str = AxisKind.PRODUCT_ORG
    unit: str = Unit.QUANTITY
    scale: int | None = None
    nullable: bool = False
    additive: bool = True
    editable: bool = False
    edit_action: str | None = None
    freeze_at: str | None = FreezeKind.DEMAND
    formula: Text = ""
    overlay: tuple[str, str] | None = None
    publish_policy: str = PublishPolicy.STRICT
    minimum: int | None = 0
    rolls: bool = False
    masked: bool = False
    needs_reason: bool = False
    valued_from: str = ""
    follows: tuple[str, ...] = ()

    @property
    def read_from(self) -> set[str]:
        """The measures whose heads a reading needs."""
        return {*self.stored, *(stored for code in self.follows for stored in get_measure(code).stored)}

    @property
    def stored(self) -> tuple[str, ...]:
        """The measures whose heads hold this one's numbers, in (lower, upper) order."""
        return self.overlay or (self.code,)

    @property
    def written(self) -> str:
        """The measure an edit of this one is written to."""
        return self.overlay[1] if self.overlay else self.code


_REGISTRY: dict[str, Measure] = {}


def register_measure(measure: Measure) -> Measure:
    """Add a measure, or replace the one of the same code."""
    if bool(measure.edit_action) != measure.editable:
        raise ValueError(f"{measure.code}: an editable measure names its action, another does not")
    _REGISTRY[measure.code] = measure
    return measure


def get_measure(code: str) -> Measure:
    """The measure of a code. Raises ``Missing``."""
    try:
        return _REGISTRY[code]
    except KeyError:
        raise Missing(
            _("There is no measure “%(code)s”.") % {"code": code}, code="unknown_measure", details={"measure": code}
        ) from None


def list_measures() -> list[Measure]:
    """All measures in order of registration."""
    return list(_REGISTRY.values())


def stored_measures() -> Iterator[Measure]:
    """The measures that have a head of their own."""
    return (measure for measure in _REGISTRY.values() if measure.overlay is None)


def catalogue_version() -> str:
    """SHA-256 over every measure's meaning, in no language: changes when a formula does."""
    with translation.override(None):
        rows = [
            [m.code, str(m.axis_kind), str(m.unit), m.scale, m.nullable, m.additive, list(m.stored), str(m.formula)]
            for m in sorted(_REGISTRY.values(), key=lambda m: m.code)
        ]
    return hashlib.sha256(canonical_json(rows).encode()).hexdigest()

"""Where the measures of a version stand: one statement, one consistent picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.errors import Conflict, Missing
from cycles.models import Cycle
from cycles.selectors import get_current_cycle
from plans.choices import FOLDINGS, VersionKind, VersionState
from plans.cubes import canonical_json
from plans.measures import get_measure
from plans.models import Head, Move, Version


@dataclass(frozen=True, slots=True)
class HeadRef:
    """A measure's state, for ever: what it names never changes, however far the head moves on."""

    id: int
    version_id: int
    measure: str
    block_id: str
    fold: int
    rev: int
    epoch: int
    sealed: bool
    base_head_id: int | None
    base_block_id: str | None
    base_fold: int
    base_rev: int
    detached: bool
    pin_rev: int
    pin_epoch: int

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> HeadRef:
        """From the columns ``HEAD_COLUMNS`` in their order; SQLite answers booleans as 0 and 1 to raw statements."""
        values = dict(zip(HEAD_COLUMNS, row, strict=True))
        return cls(**{**values, "sealed": bool(values["sealed"]), "detached": bool(values["detached"])})

    @property
    def is_dirty(self) -> bool:
        """Whether the block alone is not the whole state."""
        return self.rev > self.fold or self.has_base_tail

    @property
    def pin(self) -> HeadRef | None:
        """The parent's picture a scenario's head was forked from; ``None`` when it was not."""
        if self.base_head_id is None or self.base_block_id is None:
            return None
        return replace(
            self,
            id=self.base_head_id,
            block_id=self.base_block_id,
            fold=self.base_fold,
            rev=self.base_rev,
            base_head_id=None,
            base_block_id=None,
            base_fold=0,
            base_rev=0,
            detached=True,
            epoch=0,
            pin_rev=0,
            pin_epoch=0,
        )

    @property
    def has_base_tail(self) -> bool:
        return not self.detached and self.base_rev > self.base_fold

    @property
    def ranges(self) -> list[tuple[int, int, int]]:
        """The (head, fold, rev] runs of edits on top of the block, earlier first."""
        runs = []
        if self.has_base_tail and self.base_head_id is not None:
            runs.append((self.base_head_id, self.base_fold, self.base_rev))
        if self.rev > self.fold:
            runs.append((self.id, self.fold, self.rev))
        return runs


HEAD_COLUMNS = tuple(HeadRef.__dataclass_fields__)


def get_heads(*, version_id: int, measures: Iterable[str] | None = None) -> dict[str, HeadRef]:
    """Measure → head of a version, in one statement; an overlay brings the two under it, a derived one its sources.

    Raises ``Missing`` when a named measure has no head there.
    """
    rows = Head.objects.filter(version_id=version_id).order_by("id")
    wanted = None
    if measures is not None:
        wanted = set().union(*(get_measure(code).read_from for code in measures))
        rows = rows.filter(measure__in=wanted)
    heads = {ref.measure: ref for ref in map(HeadRef.of_row, rows.values_list(*HEAD_COLUMNS))}
    if wanted is not None and (absent := wanted - heads.keys()):
        raise Missing(
            _("This plan has no figures for: %(measures)s.") % {"measures": ", ".join(sorted(absent))},
            code="unknown_measure",
            details={"measures": sorted(absent), "version": version_id},
        )
    return heads


def has_moved(*, head_id: int, since_rev: int, since_epoch: int, now: HeadRef) -> bool:
    """Whether a head's content may differ from what it was: an edit, or a move that is not a mere folding."""
    if now.rev != since_rev:
        return True
    if now.epoch == since_epoch:
        return False
    moves = Move.objects.filter(head_id=head_id, epoch__gt=since_epoch, epoch__lte=now.epoch)
    return moves.exclude(kind__in=FOLDINGS).exists()


def heads_tag(heads: Mapping[str, HeadRef]) -> str:
    """Short hash of where the heads stand: the ETag of anything read from them."""
    rows = sorted([h.measure, h.version_id, h.block_id, h.fold, h.rev, h.epoch] for h in heads.values())
    return hashlib.sha256(canonical_json(rows).encode()).hexdigest()[:32]


def get_version(version_id: int) -> Version:
    """Raises ``Missing``."""
    version = Version.objects.select_related("cycle").filter(pk=version_id).first()
    if version is None:
        raise Missing(_("There is no such plan."), details={"version": version_id})
    return version


def find_version(name: str) -> Version:
    """By id, or ``working`` for the plan of the newest cycle. Raises ``Missing``."""
    if name == "working":
        cycle = get_current_cycle()
        if cycle is None:
            raise Missing(_("No cycle has been started yet."), code="no_cycle")
        return get_working_version(cycle)
    return get_version(int(name)) if name.isdecimal() and len(name) < 19 else get_version(0)


def get_writable_version(version_id: int) -> Version:
    """Raises ``Missing``, or ``Conflict`` for a scenario that was closed; frozen figures are the heads' to refuse."""
    version = get_version(version_id)
    if version.state == VersionState.EXPIRED:
        raise Conflict(_("The scenario is closed. Nothing was changed."), code="expired")
    return version


def get_working_version(cycle: Cycle) -> Version:
    """The cycle's plan, also after its approval. Raises ``Missing`` before the cycle has started."""
    plans = [VersionKind.WORKING, VersionKind.APPROVED]
    version = Version.objects.filter(cycle=cycle, kind__in=plans, current=True).first()
    if version is None:
        raise Missing(_("Cycle %(cycle)s has no plan yet.") % {"cycle": cycle}, code="no_working_plan")
    return version


def get_actuals_version() -> Version:
    """The one version that holds what was really sold. Raises ``Missing`` before anything was loaded."""
    version = Version.objects.filter(kind=VersionKind.ACTUALS).first()
    if version is None:
        raise Missing(_("No actuals have been loaded yet."), code="no_actuals")
    return version


def list_approved(*, before_month: int) -> QuerySet[Version]:
    """The approved plans of the cycles before a month, the latest first."""
    approved = Version.objects.filter(kind=VersionKind.APPROVED, current=True, cycle__month__lt=before_month)
    return approved.select_related("cycle").order_by("-cycle__month")


def get_last_approved(*, before_month: int) -> Version | None:
    """The approved plan of the latest cycle before a month."""
    return list_approved(before_month=before_month).first()

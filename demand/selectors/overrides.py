"""Figures people typed and how they justified them: which stand without a reason or without evidence."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max

from demand.measures import OVERRIDE
from plans.models import Edit, Head, Move


@dataclass(frozen=True)
class Standing:
    """The newest edit of a cell that set a value, and how it was justified."""

    cell: tuple[int, int, int]  # product id, org id, month
    author: str
    reason: str
    evidence: str

    @property
    def is_justified(self) -> bool:
        """A reason from the list and something to look at."""
        return bool(self.reason and self.evidence)


def list_standing_edits(*, version_id: int, measure: str) -> list[Standing]:
    """The justification of every cell typed into a stored measure and not taken back since."""
    edits = Edit.objects.filter(head__version=version_id, head__measure=measure)
    newest = edits.order_by().values("a_id", "b_id", "m").annotate(last=Max("rev")).values("last")
    rows = edits.filter(rev__in=newest, after__isnull=False).values_list(
        "a_id", "b_id", "m", "batch__author_name", "batch__reason", "batch__comment"
    )
    return [Standing((a, b, m), author, reason, comment) for a, b, m, author, reason, comment in rows]


def count_overrides_without_reason(*, version_id: int) -> int:
    """Standing overrides whose batch names no reason, bulk edits included."""
    typed = sum(not standing.reason for standing in list_standing_edits(version_id=version_id, measure=OVERRIDE))
    heads = Head.objects.filter(version=version_id, measure=OVERRIDE)
    bulk = Move.objects.filter(head__in=heads, after_block__isnull=False, batch__reason="")
    return typed + sum(bulk.values_list("batch__ncells", flat=True))

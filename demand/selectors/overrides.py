"""Overrides as people made them: which stand without a reason or without evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import Max
from numpy.typing import NDArray

from demand.measures import OVERRIDE
from plans.models import Edit, Head, Move

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Standing:
    """The newest edit of an overridden cell and how it was justified."""

    cell: tuple[int, int, int]  # product id, org id, month
    author: str
    reason: str
    evidence: str


def list_standing_overrides(*, version_id: int) -> list[Standing]:
    """The justification of every cell whose newest edit set a value, typed cell by cell."""
    newest = (
        Edit.objects.filter(head__version=version_id, head__measure=OVERRIDE)
        .order_by()
        .values("a_id", "b_id", "m")
        .annotate(last=Max("rev"))
        .values("last")
    )
    rows = Edit.objects.filter(
        head__version=version_id, head__measure=OVERRIDE, rev__in=newest, after__isnull=False
    ).values_list("a_id", "b_id", "m", "batch__author_name", "batch__reason", "batch__comment")
    return [Standing((a, b, m), author, reason, comment) for a, b, m, author, reason, comment in rows]


def count_overrides_without_reason(*, version_id: int) -> int:
    """Standing overrides whose batch names no reason, bulk edits included."""
    typed = sum(not standing.reason for standing in list_standing_overrides(version_id=version_id))
    heads = Head.objects.filter(version=version_id, measure=OVERRIDE)
    bulk = Move.objects.filter(head__in=heads, after_block__isnull=False, batch__reason="").values_list(
        "batch__ncells", flat=True
    )
    return typed + sum(bulk)

"""Who was last at a place's figure, and how an author's changes turned out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demand.selectors.place import Place
from plans.measures import get_measure
from plans.models import Edit

_LOOKED_AT = 200


@dataclass(frozen=True)
class LastEdit:
    """Author and ISO time of the newest edit under a place."""

    by: str
    at: str


def find_last_edit(*, version_id: int, measure: str, place: Place, month: int) -> LastEdit | None:
    """The newest edit of any leaf of a place's figure in a month; ``None`` when nobody typed there lately."""
    edits = Edit.objects.filter(head__version=version_id, head__measure=get_measure(measure).written, m=month)
    rows = list(edits.order_by("-pk").values_list("a_id", "b_id", "batch__author_name", "batch__at")[:_LOOKED_AT])
    if not rows:
        return None
    inside = place.covers(np.array([row[:2] for row in rows], dtype=np.int64))
    first = next((row for row, is_inside in zip(rows, inside.tolist(), strict=True) if is_inside), None)
    return LastEdit(first[2], first[3].isoformat()) if first else None

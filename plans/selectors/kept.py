"""Figures computed from the plan store, kept in memory under what they were computed from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from plans import cache
from plans.selectors.blocks import is_settled
from plans.selectors.heads import HeadRef

_T = TypeVar("_T")


def keep_figures(what: Hashable, heads: Mapping[str, HeadRef], *marks: Hashable, make: Callable[[], _T]) -> _T:
    """The small figures ``what`` of some heads, made once for each state of theirs.

    A head reference names its content for ever, so nothing here grows old; ``marks`` name whatever else went in, such
    as the revision of prices. Not inside a transaction: its revisions may roll back and be handed out again.
    """
    if not is_settled():
        return make()
    return cache.CONTENT.get_or_make((what, tuple(sorted(heads.items())), *marks), make)

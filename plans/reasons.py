"""Words for the reasons of edits: the room that asks for a reason registers what its codes mean."""

from __future__ import annotations

from collections.abc import Iterable

from plans.measures import Text

_LABELS: dict[str, Text] = {}


def register_reasons(choices: Iterable[tuple[str, Text]]) -> None:
    """Add (code, label) pairs."""
    _LABELS.update(choices)


def reason_label(code: str) -> str:
    """The label of a code; the code itself when no room knows it."""
    return str(_LABELS.get(code, code))

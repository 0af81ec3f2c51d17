"""How figures are worked out, in a sentence: the help text of their headings. The rooms above register theirs.

Each has a case by hand, named in ``tests/test_formulas.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise

_known: dict[str, str | Promise] = {}


def register_formulas(formulas: Mapping[str, str | Promise]) -> None:
    """Add sentences by key. The same key with other words is a mistake and raises ``ValueError``."""
    for key, sentence in formulas.items():
        if _known.setdefault(key, sentence) != sentence:
            raise ValueError(f"the formula {key!r} is there already")


def get_formula(key: str) -> str | Promise:
    """The sentence of a key; ``KeyError`` when nobody registered it."""
    return _known[key]


def list_formulas() -> list[str]:
    """Every key."""
    return sorted(_known)

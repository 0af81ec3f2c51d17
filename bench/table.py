"""One measured figure beside its goal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """``goal`` is text such as "≤ 0.790"; empty when the figure is only reported."""

    name: str
    value: float
    unit: str
    goal: str = ""
    note: str = ""

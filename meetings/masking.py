"""What of a meeting's money a reader may see: without the right to costs no gain, cost, profit or margin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

OPEN_EFFECTS = frozenset({"units", "short", "revenue"})  # of an option; every other figure of it is masked


def mask_option(option: Mapping[str, Any], *, sees_costs: bool) -> dict[str, Any]:
    """An option as a reader may see it: hidden effects are ``None``, never 0."""
    if sees_costs:
        return dict(option)
    effects = {name: value if name in OPEN_EFFECTS else None for name, value in option.get("effects", {}).items()}
    return {**option, "effects": effects}


def keep_hidden(options: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Options written by somebody who may not see all of them, with the hidden effects as they are stored."""
    known = {option["code"]: option.get("effects", {}) for option in stored}
    kept = []
    for option in options:
        hidden = {name: v for name, v in known.get(option["code"], {}).items() if name not in OPEN_EFFECTS}
        given = {name: v for name, v in option.get("effects", {}).items() if name in OPEN_EFFECTS}
        kept.append({**option, "effects": {**hidden, **given}})
    return kept

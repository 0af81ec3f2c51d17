"""The readable model as an ``.lp`` file: every row and column under its business name.

A planner's analyst opens it in a solver of his own. Written from the PuLP twin, so for companies of its size.
"""

from __future__ import annotations

import re
from pathlib import Path

from engine.balancing.contracts import BalanceProblem, SolveOptions
from engine.balancing.indexing import business_key
from engine.balancing.twin import Twin

# what the twin calls a decision or a row → the family whose entities it is keyed by
_FAMILY = {
    "stock": "surplus", "below": "below_safety", "over": "overstock", "more": "make", "less": "make",
    "move": "transfer", "lost": "serve", "backlog": "wait", "material": "material_stock", "shifts": "extra_shift",
    "heads": "headcount", "leave": "lay_off", "Release-upper": "make", "Release-lower": "make",
}  # fmt: skip
_LONGEST = 22  # characters of a code; names may have a hundred
_ROW = re.compile(r"^(\w+):", re.M)
_NAME = re.compile(r"^(?P<family>.+?)_(?P<entity>\d+)_(?P<month>\d+)$")


def write_lp(problem: BalanceProblem, path: Path, options: SolveOptions | None = None) -> None:
    """Write the model of a problem. Names are ``family_codes_month``; equal ones get their place behind."""
    model = Twin(problem, options).model
    taken: set[str] = set()
    for variable in model.variables():
        variable.name = _say(problem, variable.name, taken)
    model.writeLP(str(path))
    path.write_text(_ROW.sub(lambda row: f"{_say(problem, row[1], taken)}:", path.read_text("utf-8")), "utf-8")


def _say(problem: BalanceProblem, name: str, taken: set[str]) -> str:
    found = _NAME.match(name)
    if found is None:
        return name
    family, entity, offset = found["family"], int(found["entity"]), int(found["month"])
    if family[0].isupper():
        family = family.replace("_", "-")  # PuLP knows no hyphens in the names of rows
    codes = [re.sub(r"\W", ".", code)[:_LONGEST] for code in business_key(problem, _FAMILY.get(family, family), entity)]
    year, month = divmod(problem.first_month + offset, 12)
    said = "_".join([family.replace("-", "_"), *codes, f"{year:04d}.{month + 1:02d}"])
    said = said if said not in taken else f"{said}_{entity}"
    taken.add(said)
    return said

"""A plan's balancing problem: the company's sheets, its consensus and the options it adopted."""

from __future__ import annotations

from dataclasses import dataclass

from engine.balancing.contracts import BalanceProblem, Finding
from engine.balancing.levers import apply_changes
from plans.models import Version
from supply.adapters.assemble import assemble
from supply.adapters.database import input_hash, load_sheets
from supply.adapters.patches import changes_from_json
from supply.selectors.adopted import list_adopted


@dataclass(frozen=True)
class Prepared:
    """A problem with what is to be said about its inputs and the hash of all it was made of."""

    problem: BalanceProblem
    findings: tuple[Finding, ...]
    input_hash: str
    adopted: tuple[int, ...]


def prepare_problem(version: Version) -> Prepared:
    """Load and assemble; adopted options in the order they were taken."""
    sheets = load_sheets(version)
    adopted = list(list_adopted(version))
    patches = [change for adoption in adopted for change in adoption.option.changes]
    assembled = assemble(sheets)
    problem = apply_changes(assembled.problem, changes_from_json(assembled.problem, patches))
    return Prepared(
        problem=problem,
        findings=assembled.findings,
        input_hash=input_hash(sheets, patches),
        adopted=tuple(adoption.pk for adoption in adopted),
    )

"""The matrix builder: the one place where the balancing model becomes numbers for a solver.

Each constraint family has its function in ``constraints``, each column family in ``columns``; all work on
whole arrays, nothing loops over months. ``engine.balancing.twin`` writes the same model row by row for small
cases and must agree to 1e-6.
"""

from __future__ import annotations

from engine.balancing import columns, constraints
from engine.balancing.contracts import BalanceProblem, SolveOptions
from engine.balancing.derived import derive
from engine.balancing.program import Draft, LinearProgram


def build_program(problem: BalanceProblem, options: SolveOptions | None = None) -> LinearProgram:
    """Write the whole model of a problem as one linear (or mixed-integer) program."""
    chosen = options or SolveOptions()
    draft = Draft(problem, derive(problem, chosen.elastic_price), chosen)
    columns.add_all(draft)
    constraints.add_all(draft)
    return draft.finish()

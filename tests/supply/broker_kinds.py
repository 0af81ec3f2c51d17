"""Makes a worker of the real-broker tests take small companies for large ones, and die in the middle once.

Loaded by a worker process through ``celery --include``; ``SOP_TEST_LOG`` names the file that says what was begun.
"""

import os
import signal
from pathlib import Path

import engine.balancing.components as components
import engine.balancing.solve as solving
from supply.services import balance_parts

LOG = Path(os.environ["SOP_TEST_LOG"])

solving.LARGE_NONZEROS = 0
components.PART_NONZEROS = 1
_solve = balance_parts.solve_block


def solve_block(block, options):
    """Note the first product; whoever solves B1 for the first time is killed."""
    code = block.problem.products[block.problem.demand.product[0]]
    before = LOG.read_text().split() if LOG.exists() else []
    with LOG.open("a") as log:
        log.write(f"{code}\n")
    if code == "B1" and code not in before:
        os.kill(os.getpid(), signal.SIGKILL)
    return _solve(block, options)


balance_parts.solve_block = solve_block

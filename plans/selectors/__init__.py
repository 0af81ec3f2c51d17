"""Reading the plan store. Never inside ``atomic()``: one statement for the heads, everything after is immutable."""

from plans.selectors.blocks import BrokenLedger, fetch_block, load_axis, load_block
from plans.selectors.heads import (
    HeadRef,
    get_actuals_version,
    get_heads,
    get_last_approved,
    get_version,
    get_working_version,
    heads_tag,
)
from plans.selectors.state import (
    State,
    load_cube,
    load_measure,
    load_measure_state,
    load_measures,
    load_state,
    load_states,
)

__all__ = [
    "BrokenLedger",
    "HeadRef",
    "State",
    "fetch_block",
    "get_actuals_version",
    "get_heads",
    "get_last_approved",
    "get_version",
    "get_working_version",
    "heads_tag",
    "load_axis",
    "load_block",
    "load_cube",
    "load_measure",
    "load_measure_state",
    "load_measures",
    "load_state",
    "load_states",
]

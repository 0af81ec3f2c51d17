"""Writing the plan store. Nobody else touches its tables."""

from plans.services.batches import Note
from plans.services.blocks import put_axis, put_block
from plans.services.cells import LEDGER_LIMIT, save_cells
from plans.services.edits import CellEdit, Outcome, SaveResult, Theirs
from plans.services.publishing import PublishResult, StaleInputs, publish_blocks, publish_cubes
from plans.services.versions import (
    create_working_version,
    ensure_heads,
    get_or_create_actuals,
    measure_scale,
    refresh_actuals,
)

__all__ = [
    "LEDGER_LIMIT",
    "CellEdit",
    "Note",
    "Outcome",
    "PublishResult",
    "SaveResult",
    "StaleInputs",
    "Theirs",
    "create_working_version",
    "ensure_heads",
    "get_or_create_actuals",
    "measure_scale",
    "publish_blocks",
    "publish_cubes",
    "put_axis",
    "put_block",
    "refresh_actuals",
    "save_cells",
]

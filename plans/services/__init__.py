"""Writing the plan store. Nobody else touches its tables."""

from plans.selectors.snapshots import verify_snapshot
from plans.services.batches import Note
from plans.services.blocks import put_axis, put_block
from plans.services.cells import LEDGER_LIMIT, save_cells
from plans.services.collection import collect_blocks
from plans.services.compaction import compact_head, compact_long_tails
from plans.services.edits import CellEdit, Outcome, SaveResult, Theirs
from plans.services.freezing import freeze_kind, freeze_version, reopen_version
from plans.services.locks import lock_cells, unlock_cells
from plans.services.merging import MergeConflict, MergePlan, Selection, merge_version, plan_merge
from plans.services.publishing import PublishResult, StaleInputs, publish_blocks, publish_cubes
from plans.services.requests import EditRequest, save_requests
from plans.services.scenarios import (
    expire_overdue_scenarios,
    expire_scenario,
    fork_version,
    refresh_scenario,
)
from plans.services.spreads import SpreadPreview, preview_spread, save_spread
from plans.services.undo import undo_batch
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
    "EditRequest",
    "MergeConflict",
    "MergePlan",
    "Note",
    "Outcome",
    "PublishResult",
    "SaveResult",
    "Selection",
    "SpreadPreview",
    "StaleInputs",
    "Theirs",
    "collect_blocks",
    "compact_head",
    "compact_long_tails",
    "create_working_version",
    "ensure_heads",
    "expire_overdue_scenarios",
    "expire_scenario",
    "fork_version",
    "freeze_kind",
    "freeze_version",
    "get_or_create_actuals",
    "lock_cells",
    "measure_scale",
    "merge_version",
    "plan_merge",
    "preview_spread",
    "publish_blocks",
    "publish_cubes",
    "put_axis",
    "put_block",
    "refresh_actuals",
    "refresh_scenario",
    "reopen_version",
    "save_cells",
    "save_requests",
    "save_spread",
    "undo_batch",
    "unlock_cells",
    "verify_snapshot",
]

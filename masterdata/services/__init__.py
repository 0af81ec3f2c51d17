"""Writing master data: one way in, for files, pages, API and commands."""

from masterdata.services.importing import ImportReport, SheetReport, import_folder
from masterdata.services.staging import (
    check_batch,
    commit_batch,
    discard_batch,
    recheck_batch,
    save_fixes,
    stage_upload,
)
from masterdata.services.supply_terms import (
    LostHours,
    Maintenance,
    SupplyTerm,
    record_lost_hours,
    record_maintenance,
    record_supply_terms,
)
from masterdata.services.ways import ensure_ways

__all__ = [
    "ImportReport",
    "LostHours",
    "Maintenance",
    "SheetReport",
    "SupplyTerm",
    "check_batch",
    "commit_batch",
    "discard_batch",
    "ensure_ways",
    "import_folder",
    "recheck_batch",
    "record_lost_hours",
    "record_maintenance",
    "record_supply_terms",
    "save_fixes",
    "stage_upload",
]

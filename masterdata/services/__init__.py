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

__all__ = [
    "ImportReport",
    "SheetReport",
    "check_batch",
    "commit_batch",
    "discard_batch",
    "import_folder",
    "recheck_batch",
    "save_fixes",
    "stage_upload",
]

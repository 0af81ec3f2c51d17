"""Reads uploaded files in a child process with limits (``unpack.py``) and hands back plain sheets."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from masterdata.importers.findings import FindingLog

MAX_BYTES = 256 << 20  # all files together, unpacked
MAX_ENTRIES = 500
MAX_MEMORY = 1 << 30
MAX_SECONDS = 100
ENCODINGS = ("big5",)  # what may be chosen; the rest is recognised
_SCRIPT = Path(__file__).with_name("unpack.py")
SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".zip"})


@dataclass(frozen=True)
class SourceFile:
    """A file to import: where it lies and what its owner calls it."""

    path: Path
    name: str


@dataclass(frozen=True)
class PlainSheet:
    """A sheet as text: an UTF-8 CSV whose first field is the row number in the source."""

    name: str
    source: str
    path: Path
    record_count: int

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """(row number, cells) of every record that is not blank, the header first."""
        with self.path.open(encoding="utf-8", errors="replace", newline="") as stream:
            for number, *cells in csv.reader(stream):
                yield int(number), cells


def list_files(path: Path) -> list[SourceFile]:
    """The files of a folder, or the one workbook, archive or CSV that ``path`` is."""
    paths = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    return [SourceFile(p, p.name) for p in paths if p.suffix.lower() in SUFFIXES]


@contextmanager
def unpack(files: Sequence[SourceFile], log: FindingLog, encoding: str | None = None) -> Iterator[list[PlainSheet]]:
    """The sheets of ``files`` for the length of the block. What cannot be read becomes findings in ``log``."""
    with TemporaryDirectory(prefix="import-") as name:
        folder = Path(name)
        request = {
            "files": [{"path": str(file.path.resolve()), "name": file.name} for file in files],
            "encoding": encoding,
            "max_bytes": MAX_BYTES,
            "max_entries": MAX_ENTRIES,
            "max_memory": MAX_MEMORY,
            "max_seconds": MAX_SECONDS,
        }
        (folder / "request.json").write_text(json.dumps(request), "utf-8")
        if not _run_child(folder):
            log.add("file_too_heavy", sheet=", ".join(file.name for file in files)[:60])
            yield []
            return
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        for finding in manifest["findings"]:
            log.add(finding["code"], sheet=finding["sheet"], row=finding["row"], **finding["params"])
        yield [PlainSheet(s["name"], s["source"], folder / s["file"], s["records"]) for s in manifest["sheets"]]


def _run_child(folder: Path) -> bool:
    """Whether the child left a manifest; killed by a limit, it leaves none."""
    try:
        # -I: no environment, no current directory on the path
        subprocess.run(
            [sys.executable, "-I", str(_SCRIPT), str(folder)],
            timeout=MAX_SECONDS * 2,
            check=False,
            capture_output=True,
            env={},
        )
    except subprocess.TimeoutExpired:
        return False
    return (folder / "manifest.json").exists()

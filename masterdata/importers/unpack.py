"""Child process: turns uploaded files into plain UTF-8 CSV files, one per sheet.

Run as a script by ``sandbox.py`` with memory and CPU limits, so that a hostile or huge file can only kill this
process. Standard library and calamine only. It reads ``request.json`` in the given folder and leaves there
``manifest.json`` and ``0.csv, 1.csv …``, whose first field of each record is the row number in the source.

A formula in a workbook comes out as its text (``=A1+B1``) and an error cell as ``#REF!``, never as a number.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

CHUNK = 1 << 20
DELIMITERS = (",", ";", "\t", "|", "，")
_ODD_CELL = re.compile(rb"<(?:\w+:)?f[ >/]|\bt=[\"']e[\"']")
_CELL_REFERENCE = re.compile(r"([A-Z]+)(\d+)")


class Refused(Exception):
    """A file that cannot be taken: a finding's code and parameters."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Unpacker:
    """Writes sheets and collects the manifest."""

    def __init__(self, folder: Path, request: dict[str, Any]) -> None:
        self.folder = folder
        self.encoding: str | None = request["encoding"]
        self.max_bytes: int = request["max_bytes"]
        self.max_entries: int = request["max_entries"]
        self.unpacked = 0
        self.sheets: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []

    def take(self, path: Path, name: str) -> None:
        """Unpack one uploaded file; a refusal becomes a finding and the next file goes on."""
        try:
            if zipfile.is_zipfile(path):
                self._take_archive(path, name)
            else:
                self._count(path.stat().st_size)
                self._take_csv(lambda: path.open("rb"), name)
        except Refused as refused:
            self._refuse(name, refused)
        except zipfile.BadZipFile as error:
            self._refuse(name, Refused("file_unreadable", reason=str(error)))

    def _refuse(self, name: str, refused: Refused, row: int = 0) -> None:
        self.findings.append({"sheet": name, "row": row, "code": refused.code, "params": refused.params})

    def _count(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > self.max_bytes:
            raise Refused("file_too_large", limit=self.max_bytes >> 20)

    def _take_archive(self, path: Path, name: str) -> None:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > self.max_entries:
                raise Refused("file_too_many_entries", limit=self.max_entries)
            self._count(sum(entry.file_size for entry in entries))
            if any(entry.flag_bits & 1 for entry in entries):
                raise Refused("file_encrypted")
            if "xl/workbook.xml" in archive.namelist():
                self._take_workbook(path, name, archive)
                return
            for entry in entries:
                stem = Path(entry.filename)
                if "__MACOSX" not in stem.parts and not stem.name.startswith("."):
                    self._take_entry(archive, entry, stem.name)

    def _take_entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
        if name.lower().endswith((".csv", ".tsv", ".txt")):
            self._take_csv(lambda: archive.open(entry), name)
        else:
            self._refuse(name, Refused("file_unreadable", reason="not CSV"))

    # CSV ----------------------------------------------------------------------------------------------------
    def _take_csv(self, source: Any, name: str) -> None:
        with source() as stream:
            encoding = detect_encoding(stream, self.encoding)
        with source() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
            delimiter = sniff_delimiter(text)
        with source() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
            records = enumerate(csv.reader(text, delimiter=delimiter, strict=True), start=1)
            written = self._write(Path(name).stem, name, records)
        if not written:
            raise Refused("file_empty")

    def _write(self, sheet: str, source: str, records: Iterable[tuple[int, list[str]]]) -> int:
        """Write the non-blank records; returns how many."""
        target = f"{len(self.sheets)}.csv"
        count = 0
        row = 0
        with (self.folder / target).open("w", encoding="utf-8", errors="surrogatepass", newline="") as out:
            writer = csv.writer(out)
            try:
                for row, cells in records:
                    if any(cell and not cell.isspace() for cell in cells):
                        writer.writerow([row, *cells])
                        count += 1
            except csv.Error:
                self._refuse(sheet, Refused("file_quotes"), row + 1)
        if count:
            self.sheets.append({"name": sheet, "source": source, "file": target, "records": count})
        return count

    # XLSX ---------------------------------------------------------------------------------------------------
    def _take_workbook(self, path: Path, name: str, archive: zipfile.ZipFile) -> None:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError

        odd_cells = find_odd_cells(archive)
        try:
            with CalamineWorkbook.from_path(str(path)) as workbook:
                names = workbook.sheet_names
                written = 0
                for sheet in names:
                    table = workbook.get_sheet_by_name(sheet)
                    title = Path(name).stem if len(names) == 1 and sheet.startswith(("Sheet", "工作表")) else sheet
                    written += self._write(title, name, _records(table, odd_cells.get(sheet, {})))
        except PasswordError as error:
            raise Refused("file_encrypted") from error
        except (CalamineError, OSError) as error:
            raise Refused("file_unreadable", reason=str(error)) from error
        if not written:
            raise Refused("file_empty")


def detect_encoding(stream: IO[bytes], chosen: str | None) -> str:
    """The codec of a CSV file: its byte order mark, the chosen one, UTF-8, or GB18030 (which covers GBK)."""
    head = stream.read(4)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) == 4 and head.count(0) >= 1:
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    for encoding in [chosen] if chosen else ["utf-8", "gb18030"]:
        stream.seek(0)
        if _decodes(stream, encoding):
            return encoding
    raise Refused("file_encoding")


def _decodes(stream: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := stream.read(CHUNK):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def sniff_delimiter(text: IO[str]) -> str:
    """The separator most frequent in the header line, outside quotation marks."""
    first = next((line for line in text if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


def _records(table: Any, odd: dict[tuple[int, int], str]) -> Iterator[tuple[int, list[str]]]:
    top, left = table.start or (0, 0)
    for number, values in enumerate(table.iter_rows(), start=1):
        row = number if table.height == table.total_height else number + top
        cells = [cell_text(value) for value in values]
        if odd:
            offset = 0 if table.width == table.total_width else left
            for index in range(len(cells)):
                cells[index] = odd.get((row, index + offset), cells[index])
        yield row, cells


def cell_text(value: Any) -> str:
    """A workbook's cell as a person would type it; numbers as Excel shows them, with 15 digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else _positional(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return str(value)


def _positional(value: float) -> str:
    from decimal import Decimal

    return format(Decimal(format(value, ".15g")), "f") if abs(value) < 1e300 else repr(value)


def find_odd_cells(archive: zipfile.ZipFile) -> dict[str, dict[tuple[int, int], str]]:
    """Formulas and errors of each worksheet: sheet name → {(row from 1, column from 0): text}."""
    found: dict[str, dict[tuple[int, int], str]] = {}
    for name, part in _worksheet_parts(archive).items():
        with archive.open(part) as stream:
            tail = b""
            while piece := stream.read(CHUNK):
                if _ODD_CELL.search(tail + piece):
                    break
                tail = piece[-16:]
            else:
                continue
        with archive.open(part) as stream:
            found[name] = _parse_odd_cells(stream)
    return found


def _worksheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → part name, from the workbook and its relations."""
    relations: dict[str, str] = {}
    sheets: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if local == "Relationship":
            relations[attributes["Id"]] = attributes["Target"]
        elif local == "sheet":
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            sheets[attributes["name"]] = relation

    for part in ("xl/_rels/workbook.xml.rels", "xl/workbook.xml"):
        if part in archive.namelist():
            with archive.open(part) as stream:
                _parse_xml(stream, start)
    names = set(archive.namelist())
    parts = {}
    for sheet, relation in sheets.items():
        target = relations.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in names:
            parts[sheet] = part
    return parts


def _parse_odd_cells(stream: IO[bytes]) -> dict[tuple[int, int], str]:
    odd: dict[tuple[int, int], str] = {}
    state: dict[str, Any] = {"cell": None, "error": False, "collect": None}

    def start(tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if local == "c":
            state["cell"] = _position(attributes.get("r", ""))
            state["error"] = attributes.get("t") == "e"
        elif local == "f":
            state["collect"] = ["="]
        elif local == "v" and state["error"] and state["cell"] not in odd:
            state["collect"] = []

    def text(data: str) -> None:
        if state["collect"] is not None:
            state["collect"].append(data)

    def end(tag: str) -> None:
        if state["collect"] is not None and tag.rpartition(":")[2] in ("f", "v"):
            if state["cell"]:
                odd[state["cell"]] = "".join(state["collect"])
            state["collect"] = None

    _parse_xml(stream, start, text, end)
    return odd


def _position(reference: str) -> tuple[int, int] | None:
    match = _CELL_REFERENCE.fullmatch(reference)
    if not match:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column - 1


def _parse_xml(stream: IO[bytes], start: Any, text: Any = None, end: Any = None) -> None:
    """Expat without entities: a document type declaration is refused."""

    def refuse(*_args: Any) -> None:
        raise Refused("file_unreadable", reason="document type declaration")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.EndElementHandler = end
    try:
        parser.ParseFile(stream)
    except expat.ExpatError as error:
        raise Refused("file_unreadable", reason=str(error)) from error


def main(folder: Path) -> None:
    """Set the limits first, then read ``request.json`` and leave ``manifest.json``."""
    request = json.loads((folder / "request.json").read_text("utf-8"))
    resource.setrlimit(resource.RLIMIT_AS, (request["max_memory"], request["max_memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (request["max_seconds"], request["max_seconds"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * request["max_bytes"], 2 * request["max_bytes"]))
    unpacker = Unpacker(folder, request)
    for file in request["files"]:
        unpacker.take(Path(file["path"]), file["name"])
    manifest = {"sheets": unpacker.sheets, "findings": unpacker.findings}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Changing cells of an exported workbook as a person in Excel does, without a spreadsheet program."""

from __future__ import annotations

import io
import re
import zipfile

from python_calamine import CalamineWorkbook


def read_sheet(content: bytes, name: str = "Plan") -> list[list]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name).to_python(skip_empty_area=False)


def find_cell(content: bytes, measure: str, product: str, org: str, month: str) -> str:
    """The address of a figure, e.g. ``"K12"``."""
    rows = read_sheet(content)
    column = rows[0].index(month)
    row = next(i for i, cells in enumerate(rows) if cells[:3] == [measure, product, org])
    return f"{_letters(column)}{row + 1}"


def change_cells(content: bytes, cells: dict[str, float | str | None], *, part: str = "sheet1") -> bytes:
    """The workbook with other values at some addresses: numbers, text, formulas (``=…``) or empty."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == f"xl/worksheets/{part}.xml":
                text = data.decode()
                for address, value in cells.items():
                    text, count = re.subn(_pattern(address), lambda m, v=value: _cell(m, v), text)
                    assert count == 1, address
                data = text.encode()
            target.writestr(entry.filename, data)
    return out.getvalue()


def _pattern(address: str) -> str:
    return rf'<c r="({address})"((?: s="\d+")?)[^>]*?(?:/>|>.*?</c>)'


def _cell(match: re.Match, value: float | str | None) -> str:
    start = f'<c r="{match[1]}"{match[2]}'
    if value is None:
        return f"{start}/>"
    if isinstance(value, str) and value.startswith("="):
        return f"{start}><f>{value[1:]}</f><v>1</v></c>"
    if isinstance(value, str):
        return f'{start} t="inlineStr"><is><t>{value}</t></is></c>'
    return f"{start}><v>{value}</v></c>"


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

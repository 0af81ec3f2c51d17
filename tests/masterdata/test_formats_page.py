"""docs/formats.md names every sheet, column and finding code."""

import re
from pathlib import Path

from masterdata.importers.findings import list_codes
from masterdata.importers.spec import list_sheets

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")


def row_of(name):
    return next((line for line in PAGE.splitlines() if line.startswith(f"| {name} |")), "")


def test_every_sheet_and_column_is_described():
    for spec in list_sheets():
        cells = row_of(spec.name)
        for column in spec.columns:
            written = f"**{column.name}**" if column.required else column.name
            assert re.search(rf"(?<![\w*]){re.escape(written)} \(", cells), f"{spec.name}.{column.name}"


def test_every_finding_code_is_described():
    assert [code for code in list_codes() if f"| `{code}` |" not in PAGE] == []

"""No export is a way to run a formula in somebody's spreadsheet (ASVS 1.2.10); numbers stay numbers."""

import csv
import io
import zipfile
from decimal import Decimal
from types import SimpleNamespace

import pytest

from core.spreadsheets import safe_cell
from masterdata.importers.output import write_csv as write_sheet
from masterdata.importers.output import write_workbook
from plans.exports import write_csv as write_plan
from supply.api import releases
from supply.documents import ReleaseLine

ATTACKS = ["=cmd|' /C calc'!A0", "+1+cmd()", "-2+3+cmd()", "@SUM(A1)", "\t=1+1", "\r=1+1"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_that_a_spreadsheet_would_run_is_quoted_in_every_export(attack):
    lines = [{"measure": "sales", "product": attack, "org": attack, "unit": "quantity", "values": [-5, None]}]
    plan = list(csv.reader(io.StringIO("".join(write_plan(lines, ["2026-11", "2026-12"])))))
    assert plan[1] == ["sales", f"'{attack}", f"'{attack}", "2026-11", "-5", "quantity"]
    line = ReleaseLine(attack, attack, "2026-11", Decimal("-7.5"), attack)
    body = releases._file(SimpleNamespace(number=3), [(0, line)], "csv", "etag").content.decode()
    assert list(csv.reader(io.StringIO(body)))[1] == ["0", f"'{attack}", f"'{attack}", "2026-11", "-7.5", f"'{attack}"]
    sheet = list(csv.reader(io.StringIO(write_sheet([["code"], [attack]]).decode("utf-8-sig"))))
    assert sheet[1] == [f"'{attack}"]
    with zipfile.ZipFile(io.BytesIO(write_workbook({"products": [["code"], [attack], ["-5"]]}))) as book:
        cells = book.read("xl/worksheets/sheet1.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in cells
    assert f"<t>{attack[:4]}" not in texts
    assert "-5</t>" in texts


@pytest.mark.parametrize("text", ["E7", "E7 SUV", "青岚", "5", "a=b", ""])
def test_plain_text_stays_as_it_is(text):
    assert safe_cell(text) == text

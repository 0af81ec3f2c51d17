"""Sheets and columns that other systems write: all are known, in any order, encoding and language."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from masterdata.importers.spec import get_sheet, list_sheets
from masterdata.models import CalendarMonth, Company, Policy, Product
from masterdata.services import import_folder
from supply.adapters.folder import DEMAND
from tests.contracts.company import (
    CHINESE,
    DEMAND_SHEET,
    SHEETS,
    columns_of,
    full_width,
    rows_of,
    write_folder,
    write_workbook,
)


def report_of(capsys, *words: str, code: int = 0) -> dict:
    """What ``import_data … --json`` prints."""
    capsys.readouterr()
    if code:
        with pytest.raises(SystemExit) as exit_:
            call_command("import_data", *words, "--json")
        assert exit_.value.code == code
    else:
        call_command("import_data", *words, "--json")
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("sheet", [*SHEETS, "demand"])
def test_a_sheet_has_its_columns_and_asks_for_no_more(sheet):
    spec = DEMAND if sheet == "demand" else get_sheet(sheet)
    assert spec is not None, f"the sheet {sheet} is gone"
    wanted = (DEMAND_SHEET if sheet == "demand" else SHEETS[sheet]).split()
    known = {column.name: column for column in spec.columns}
    assert {name.rstrip("*") for name in wanted} - known.keys() == set()
    needed = {name for name, column in known.items() if column.required}
    # hours_per_unit may be left to the resource's jobs per hour
    assert needed == {name.rstrip("*") for name in wanted if name.endswith("*")} - {"hours_per_unit"}


def test_only_three_sheets_are_required():
    assert {spec.name for spec in list_sheets() if spec.required} == {"products", "orgs", "history"}


@pytest.mark.django_db
def test_a_company_of_all_sheets_is_checked_written_and_recognised_in_every_guise(tmp_path, capsys):
    first = write_folder(tmp_path / "utf8", seed=1)
    checked = report_of(capsys, str(first), "--check")
    assert (checked["errors"], checked["warnings"], checked["committed"], checked["findings"]) == (0, 0, False, [])
    assert not Company.objects.exists()
    written = report_of(capsys, str(first))
    assert written["committed"]
    found = {sheet["name"]: (sheet["new"], sheet["rejected"]) for sheet in written["sheets"]}
    assert found == {sheet: (len(rows_of(sheet)), 0) for sheet in SHEETS}
    assert Product.objects.get(code="S6-SPORT").attributes == {"powertrain": "LONG-RANGE"}
    assert CalendarMonth.objects.get(month=2026 * 12 + 6).working_days == 22.5
    assert Policy.objects.get().end_stock == 20

    guises = {
        "with a mark": write_folder(tmp_path / "bom", encoding="utf-8-sig", seed=2),
        "GB18030, Chinese headers": write_folder(tmp_path / "gb", encoding="gb18030", seed=3, header=CHINESE),
        "UTF-16": write_folder(tmp_path / "utf16", encoding="utf-16", seed=4),
        "a workbook with Excel's dates": write_workbook(tmp_path / "company.xlsx"),
    }
    for name, path in guises.items():
        again = report_of(capsys, str(path), "--check")
        assert (again["errors"], again["warnings"]) == (0, 0), (name, again["findings"])
        assert {s["name"]: s["unchanged"] for s in again["sheets"]} == {s: len(rows_of(s)) for s in SHEETS}, name


@pytest.mark.django_db
@pytest.mark.parametrize("write", [str, full_width], ids=["half width", "full width"])
def test_numbers_as_people_type_them(tmp_path, write):
    folder = write_folder(tmp_path / "company")
    number = write("1,234.5")
    (folder / "history.csv").write_text(f'数量,产品,区域,月份\n"{number}",S6-SPORT,NORTH,2026-05\n', "utf-8")
    report = import_folder(path=folder, actor=None)
    assert report.is_committed, [finding.message for finding in report.findings]
    assert Company.objects.get().quantity_decimals == 1


@pytest.mark.django_db
@pytest.mark.parametrize("cell", ["NaN", "1e309", "-5", "1,23,4", "=1+1"])
def test_what_is_no_quantity_is_named_by_row_and_column(tmp_path, capsys, cell):
    folder = write_folder(tmp_path / "company")
    (folder / "history.csv").write_text(f'product,org,month,quantity\nS6-SPORT,NORTH,2026-05,"{cell}"\n', "utf-8")
    report = report_of(capsys, str(folder), code=1)
    assert not report["committed"]
    finding = report["findings"][0]
    assert (finding["sheet"], finding["row"], finding["column"]) == ("history", 2, "quantity")
    assert finding.keys() >= {"code", "severity", "message", "value", "suggestion"}
    assert not Company.objects.exists()


@pytest.mark.django_db
def test_an_unknown_column_is_a_warning_and_a_chosen_subset_may_be_written(tmp_path, capsys):
    folder = write_folder(tmp_path / "company")
    text = "code,name,email,fax\nSUP,Supplier,sales@example.com,1\nBAD,Bad,no address,2\n"
    (folder / "suppliers.csv").write_text(text, "utf-8")
    refused = report_of(capsys, str(folder), code=1)
    assert {(f["code"], f["severity"], f["column"]) for f in refused["findings"]} == {
        ("column_unknown", "warning", "fax"),
        ("not_an_email", "error", "email"),
    }
    report_of(capsys, str(folder), "--valid-rows-only", code=1)
    assert Company.objects.exists()


def test_every_column_is_filled_somewhere():
    """The rows above prove what they claim only when no column stays empty."""
    for sheet in SHEETS:
        empty = [name for name in columns_of(sheet) if not any(row[name] for row in rows_of(sheet))]
        assert empty == [], sheet

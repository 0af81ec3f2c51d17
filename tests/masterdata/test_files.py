"""Files as people and attackers send them: workbooks, archives, encodings, bombs, limits."""

import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest
import xlsxwriter

from masterdata.importers import sandbox
from masterdata.models import CalendarMonth, InventoryLot, Price, Product
from masterdata.services import import_folder
from tests.masterdata.conftest import ORGS, PRODUCTS


def workbook(path, sheets):
    """Write rows of Python values as an XLSX file; dates become Excel dates, ``=…`` formulas."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for position, value in enumerate(row):
                    if isinstance(value, dt.date):
                        sheet.write_datetime(number, position, dt.datetime(value.year, value.month, value.day), day)
                    elif isinstance(value, tuple):
                        sheet.write_formula(number, position, value[0], None, value[1])
                    else:
                        sheet.write(number, position, value)
    return path


def rows_of(text):
    return [line.split(",") for line in text.splitlines()]


def found(report):
    """Of master data; history belongs to a room above."""
    findings = [f for f in report.findings if f.sheet != "history"]
    return [(f.sheet, f.row, f.column, f.code) for f in findings]


@pytest.mark.django_db
def test_a_workbook_with_excel_dates_and_numbers(cars, tmp_path):
    path = workbook(
        tmp_path / "company.xlsx",
        {
            "calendar": [
                ["月份", "工作日", "start"],
                [dt.date(2026, 6, 1), 21.5, dt.date(2026, 6, 1)],
                ["2026-07", 23, "20260701"],
            ],
            "价格": [["产品", "起始月份", "价格"], ["E7", 46174, 0.1 + 0.2], ["B75", "2026年6月", 1e6]],
            "Sites": [["code", "name"], [1001, "Plant"]],
            "inventory": [["item", "site", "quantity", "produced_on"], ["E7", 1001, 5, 46022]],
        },
    )
    report = import_folder(path=path, actor=None)
    assert found(report) == []
    months = CalendarMonth.objects.order_by("month").values_list("month", "working_days", "start")
    assert list(months) == [(24317, 21.5, dt.date(2026, 6, 1)), (24318, 23, dt.date(2026, 7, 1))]
    prices = Price.objects.order_by("product__code").values_list("product__code", "from_month", "price")
    assert list(prices) == [("B75", 24317, Decimal(1_000_000)), ("E7", 24317, Decimal("0.3"))]
    lot = InventoryLot.objects.get()
    assert (lot.site.code, lot.produced_on) == ("1001", dt.date(2025, 12, 31))


@pytest.mark.django_db
def test_formulas_and_errors_of_a_workbook_are_findings_not_numbers(cars, tmp_path):
    path = workbook(
        tmp_path / "book.xlsx",
        {
            "prices": [
                ["product", "from_month", "price"],
                ["E7", "2026-01", ("=1+1", 2)],
                [],
                ["E7", "2026-02", ("=1/0", "#DIV/0!")],
                ["E7", ("=TODAY()", 46000), 7],
            ],
        },
    )
    report = import_folder(path=path, actor=None)
    assert [(f.row, f.column, f.code, f.value) for f in report.findings] == [
        (2, "price", "formula", "=1+1"),
        (4, "price", "formula", "=1/0"),
        (5, "from_month", "formula", "=TODAY()"),
    ]
    assert not Price.objects.exists()


@pytest.mark.django_db
def test_a_zip_of_csv_files_wherever_they_lie(tmp_path):
    path = tmp_path / "company.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("deep/../../products.csv", PRODUCTS)
        archive.writestr("deep/orgs.csv", ORGS)
        archive.writestr("history.csv", "product,org,month,quantity\nE7,NORTH,2026-01,5\n")
        archive.writestr("__MACOSX/._orgs.csv", "junk")
        archive.writestr("readme.pdf", "junk")
    report = import_folder(path=path, actor=None)
    assert found(report) == [("readme.pdf", 0, "", "file_unreadable")]
    assert not (tmp_path.parent / "products.csv").exists()


def bomb(path, member, size):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(member, "w") as stream:
        for _ in range(size // (1 << 20)):
            stream.write(b"1" * (1 << 20))
    return path


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["products.zip", "products.xlsx"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, name, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_BYTES", 8 << 20)
    member = "products.csv" if name.endswith("zip") else "xl/workbook.xml"
    report = import_folder(path=bomb(tmp_path / name, member, 20 << 20), actor=None)
    assert (name, 0, "", "file_too_large") in found(report)
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_an_archive_of_too_many_parts(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(sandbox.MAX_ENTRIES + 1):
            archive.writestr(f"{number}.csv", "a")
    assert ("many.zip", 0, "", "file_too_many_entries") in found(import_folder(path=path, actor=None))


@pytest.mark.django_db
@pytest.mark.parametrize(("limit", "value", "count"), [("MAX_MEMORY", 16 << 20, 5_000), ("MAX_SECONDS", 1, 3_000_000)])
def test_a_file_that_eats_memory_or_time_kills_only_its_reader(cars, tmp_path, monkeypatch, limit, value, count):
    monkeypatch.setattr(sandbox, limit, value)
    if limit == "MAX_MEMORY":
        rows = [["product", "from_month", "price"], *([f"P{n}", "2026-01", n] for n in range(count))]
        workbook(tmp_path / "prices.xlsx", {"prices": rows})
    else:
        (tmp_path / "prices.csv").write_text("product,from_month,price\n" + "E7,2026-01,5\n" * count)
    report = import_folder(path=tmp_path, actor=None)
    assert [code for _sheet, _row, _column, code in found(report)] == ["file_too_heavy"]
    assert not Price.objects.exists()


@pytest.mark.django_db
def test_an_encrypted_archive_and_a_broken_one(tmp_path):
    locked = tmp_path / "locked.zip"
    with zipfile.ZipFile(locked, "w") as archive:
        archive.writestr("products.csv", PRODUCTS)
    data = bytearray(locked.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    locked.write_bytes(data)
    assert ("locked.zip", 0, "", "file_encrypted") in found(import_folder(path=locked, actor=None))
    broken = tmp_path / "broken.xlsx"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook")
    broken.write_bytes(buffer.getvalue())
    assert ("broken.xlsx", 0, "", "file_unreadable") in found(import_folder(path=broken, actor=None))


@pytest.mark.django_db
def test_entities_in_a_workbook_are_refused(tmp_path):
    path = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE w [<!ENTITY a "aaaa">]><workbook>&a;</workbook>')
    assert ("entities.xlsx", 0, "", "file_unreadable") in found(import_folder(path=path, actor=None))


@pytest.mark.django_db
def test_big5_by_choice(cars, tmp_path):
    (tmp_path / "products.csv").write_bytes("code,name\nE7,轎車\n".encode("big5"))
    import_folder(path=tmp_path, actor=None, encoding="big5")
    assert Product.objects.get(code="E7").name == "轎車"


@pytest.mark.django_db
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_are_recognised(cars, tmp_path, delimiter):
    text = 'product,from_month,price,currency\nE7,2026-01,"1.5",CNY\n'.replace(",", delimiter)
    (tmp_path / "prices.csv").write_text(text)
    assert found(import_folder(path=tmp_path, actor=None)) == []
    assert Price.objects.get().price == Decimal("1.5")


@pytest.mark.django_db
def test_one_sheet_twice_and_names_with_versions(cars, tmp_path):
    (tmp_path / "prices (1).csv").write_text("product,from_month,price\nE7,2026-01,5\n")
    (tmp_path / "prices_v2.csv").write_text("product,from_month,price\nE7,2026-01,6\n")
    report = import_folder(path=tmp_path, actor=None)
    assert found(report) == [("prices", 0, "", "sheet_twice")]
    assert not Price.objects.exists()


@pytest.mark.django_db
def test_an_empty_folder_and_an_empty_file(cars, tmp_path):
    assert [code for *_where, code in found(import_folder(path=tmp_path, actor=None))] == ["nothing_to_import"]
    (tmp_path / "prices.csv").write_text("\n\n")
    assert found(import_folder(path=tmp_path, actor=None)) == [("prices.csv", 0, "", "file_empty")]


@pytest.mark.django_db
def test_files_of_unknown_names_only_are_an_error(cars, tmp_path):
    (tmp_path / "upload.csv").write_text("product,price\nE7,5\n")
    assert found(import_folder(path=tmp_path, actor=None)) == [
        ("", 0, "", "no_known_sheet"),
        ("upload", 0, "", "sheet_unknown"),
    ]

"""Every bad folder under tests/data/imports gives exactly the findings written beside it, and changes nothing."""

import json
from pathlib import Path

import pytest

from core.models import AuditEntry
from masterdata.models import Company, Org, Price, Product
from masterdata.services import import_folder

FOLDERS = Path(__file__).parent.parent / "data" / "imports"
BAD = sorted(path.parent.name for path in FOLDERS.glob("*/expected.json") if json.loads(path.read_text("utf-8")))
GOOD = ["chinese_bom", "chinese_gbk", "chinese_utf16"]


def _as_written(finding):
    wanted = ("sheet", "row", "column", "code", "value", "severity", "suggestion")
    return {name: getattr(finding, name) for name in wanted}


def _findings(report):
    """Those of master data: history belongs to a room above."""
    return [_as_written(finding) for finding in report.findings if finding.sheet != "history"]


def _order(finding):
    return (finding["sheet"], finding["row"], finding["column"], finding["code"])


@pytest.mark.django_db
@pytest.mark.parametrize("name", BAD)
def test_findings_are_exact_and_nothing_changes(name):
    expected = json.loads((FOLDERS / name / "expected.json").read_text("utf-8"))
    report = import_folder(path=FOLDERS / name, actor=None)
    assert sorted(_findings(report), key=_order) == sorted(expected, key=_order)
    assert not report.is_committed
    assert all(finding.problem and finding.remedy for finding in report.findings)
    assert not Product.objects.exists()
    assert not Org.objects.exists()
    assert not Company.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", GOOD)
def test_chinese_headers_digits_and_encodings(name):
    report = import_folder(path=FOLDERS / name, actor=None)
    assert _findings(report) == []
    assert report.is_committed
    assert Product.objects.get(code="E7").name == "轿车E7"
    assert Product.objects.get(code="E7").parent.code == "ALL"
    assert Org.objects.get(code="NORTH").name == "华北"
    prices = Price.objects.order_by("from_month").values_list("product__code", "org__code", "from_month", "price")
    assert [(*row[:3], str(row[3])) for row in prices] == [
        ("E7", "NORTH", 2026 * 12 + 2, "123456.7800"),
        ("B75", None, 2026 * 12 + 3, "98000.0000"),
    ]
    assert Company.objects.get().currency == "CNY"

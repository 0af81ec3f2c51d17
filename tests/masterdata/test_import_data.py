"""``manage.py import_data``: table, JSON and exit codes; the car company imports cleanly and twice the same."""

import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from accounts.models import User
from masterdata.models import BomLine, Company, Product, Resource, Target
from masterdata.selectors import get_company, list_leaf_products
from masterdata.services import import_folder
from tests.masterdata.conftest import ORGS, PRODUCTS

SHARED = Path(os.environ.get("SOP_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "cars"
HISTORY = "product,org,month,quantity\nE7,NORTH,2026-01,5\n"


@pytest.mark.django_db
def test_errors_exit_with_one_and_write_nothing(folder, capsys):
    path = folder(products=PRODUCTS + "X,,ALL,\n", orgs=ORGS, history=HISTORY)
    with pytest.raises(SystemExit) as end:
        call_command("import_data", path)
    assert end.value.code == 1
    out = capsys.readouterr().out
    assert "products" in out
    assert "required" in out
    assert "1 errors, 0 warnings; nothing written" in out
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_valid_rows_only_leaves_out_rows_that_refer_to_rejected_ones(folder, capsys):
    path = folder(products=PRODUCTS + "X,,ALL,\nY,Y,X,\nZ,Z,Y,\n", orgs=ORGS, history=HISTORY + "Z,NORTH,2026-01,1\n")
    with pytest.raises(SystemExit):
        call_command("import_data", path, "--valid-rows-only", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["committed"] is True
    assert [(f["sheet"], f["row"], f["code"]) for f in report["findings"]] == [
        ("history", 3, "refers_to_rejected"),
        ("products", 5, "required"),
        ("products", 6, "refers_to_rejected"),
        ("products", 7, "refers_to_rejected"),
    ]
    assert sorted(Product.objects.values_list("code", flat=True)) == ["ALL", "B75", "E7"]


@pytest.mark.django_db
def test_check_writes_nothing(folder, capsys):
    call_command("import_data", folder(products=PRODUCTS, orgs=ORGS, history=HISTORY), "--check")
    assert "checked, nothing written" in capsys.readouterr().out
    assert not Product.objects.exists()
    assert not Company.objects.exists()


@pytest.mark.django_db
def test_a_missing_path_is_said():
    with pytest.raises(CommandError, match="does not exist"):
        call_command("import_data", "/nowhere")


@pytest.mark.django_db
def test_a_new_company_needs_its_three_sheets(folder):
    report = import_folder(path=folder(products=PRODUCTS), actor=None)
    assert [(f.sheet, f.code) for f in report.findings] == [("history", "sheet_missing"), ("orgs", "sheet_missing")]


@pytest.mark.django_db
def test_a_shorter_bill_removes_lines_but_no_product(folder):
    base = {"products": PRODUCTS, "orgs": ORGS, "history": HISTORY, "materials": "code,name\nM1,Steel\nM2,Glass\n"}
    path = folder(**base, bom="product,component,quantity_per\nE7,M1,1\nE7,M2,2\nB75,M1,3\n")
    assert import_folder(path=path, actor=None).is_committed
    path = folder(products="code,name\nE7,Sedan E7\n", bom="product,component,quantity_per\nE7,M1,5\n")
    report = import_folder(path=path, actor=None)
    counts = {s.name: (s.new, s.changed, s.unchanged, s.removed) for s in report.sheets}
    assert counts["bom"] == (0, 1, 0, 1)
    assert counts["products"] == (0, 0, 1, 0)
    lines = BomLine.objects.order_by("product__code").values_list("product__code", "material__code", "quantity_per")
    assert list(lines) == [("B75", "M1", 3), ("E7", "M1", 5)]
    assert Product.objects.get(code="E7").parent.code == "ALL"  # a column left out stays as it is


@pytest.mark.django_db
@pytest.mark.skipif(not SHARED.exists(), reason="the shared car data are not here")
def test_the_car_company_imports_cleanly_and_again_without_changes():
    report = import_folder(path=SHARED, actor=None)
    assert report.findings == []
    assert report.is_committed
    assert {sheet.name: sheet.new for sheet in report.sheets}["products"] == 132
    assert get_company().currency == "EUR"
    assert list_leaf_products().count() == 95
    assert Resource.objects.get(code="VOLKSWAGEN-LINE-BEV").jph == pytest.approx(43.47)
    assert Target.objects.get(month=2026 * 12 + 5).quantity == 428_715
    again = import_folder(path=SHARED, actor=None)
    assert {(s.new, s.changed, s.removed) for s in again.sheets} == {(0, 0, 0)}
    assert again.revision == 0
    assert Company.objects.get().revision == report.revision == 1


@pytest.mark.django_db
def test_a_new_company_takes_both_names_from_the_top_of_the_organisation(folder):
    orgs = "code,name,name_zh,parent\nALL,Cars Ltd,汽车公司,\nNORTH,North,北区,ALL\n"
    import_folder(path=folder(products=PRODUCTS, orgs=orgs, history=HISTORY), actor=None)
    company = get_company()
    assert (company.name, company.name_zh, company.label) == ("Cars Ltd", "汽车公司", "Cars Ltd")
    with translation.override("zh-hans"):
        assert company.label == "汽车公司"


@pytest.mark.django_db
def test_an_imported_api_client_is_a_machine_and_people_are_not(folder, capsys):
    users = "username,role,name\nerp,api_client,ERP\nli,sales,Li Yue\n"
    call_command("import_data", folder(products=PRODUCTS, orgs=ORGS, history=HISTORY, users=users))
    assert dict(User.objects.values_list("username", "is_service")) == {"erp": True, "li": False}

"""What is exported imports again: into the same company nothing changes, into an empty one all is there."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from masterdata.importers.columns import unquote_text
from masterdata.importers.output import quote_text, write_csv, write_workbook
from masterdata.importers.spec import get_sheet
from masterdata.importers.stores import stored_sheet
from masterdata.models import BomLine, Company, InventoryLot, Material, Org, Price, Product, Site, Supplier
from masterdata.selectors import list_rows
from masterdata.services import import_folder

SHEETS = ("products", "orgs", "sites", "suppliers", "materials", "bom", "inventory", "prices")

# words as people store them: any script, no control characters, trimmed, never an error of a sheet
words = (
    st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(list(" ,;'\"=+-@|")), max_size=20)
    .map(str.strip)
    .filter(lambda text: not text.startswith("#"))
)
names = words.filter(bool)
months = st.integers(2015 * 12, 2040 * 12)
money = st.decimals(0, 10**9, places=4, allow_nan=False)
amounts = st.decimals(0, 10**9, places=6, allow_nan=False)


@st.composite
def companies(draw):
    """Unsaved rows: a chain of products, materials, a bill, stock and prices."""
    codes = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    products = [
        Product(
            code=code,
            name=draw(names),
            name_zh=draw(words),
            level=draw(words),
            decimals=draw(st.integers(0, 6)),
            launch_month=draw(st.none() | months),
            attributes=draw(st.dictionaries(st.sampled_from(["colour", "config"]), names)),
        )
        for code in codes
    ]
    supplier = Supplier(code="S", name=draw(names))
    material = Material(
        code="M " + draw(words.map(lambda word: word[:10])).strip() + ".",
        name=draw(names),
        supplier=supplier,
        unit_cost=draw(money),
        core=draw(st.booleans()),
        lead_time_days=draw(st.integers(0, 3650)),
    )
    lot = {
        "quantity": draw(amounts),
        "produced_on": draw(st.none() | st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1))),
    }
    prices = draw(st.dictionaries(months, money, max_size=4))
    use = draw(st.floats(0, 1e6, allow_subnormal=False).map(lambda value: float(f"{value:.12f}")))
    return products, supplier, material, lot, prices, use


def save(company):
    products, supplier, material, lot, prices, use = company
    Company.objects.create(name="C")
    Org.objects.create(code="O", name="Org")
    for product in products:
        product.pk = None
    for upper, product in zip([None, *products], products, strict=False):
        product.parent = upper
        product.save()
    supplier.pk = material.pk = None
    supplier.save()
    material.supplier = supplier
    material.save()
    site = Site.objects.create(code="P", name="Plant")
    BomLine.objects.create(product=products[-1], material=material, quantity_per=use)
    InventoryLot.objects.create(product=products[-1], site=site, **lot)
    for month, price in prices.items():
        Price.objects.create(product=products[-1], from_month=month, price=price)


def empty_tables():
    Product.objects.update(parent=None)
    for model in (BomLine, InventoryLot, Price, Material, Supplier, Site, Product, Org, Company):
        model.objects.all().delete()


def exported():
    return {name: list(stored_sheet(get_sheet(name), list_rows(get_sheet(name)), show_costs=True)) for name in SHEETS}


class RoundTrip(TestCase):
    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(companies(), st.booleans())
    def test_export_then_import(self, company, as_workbook):
        save(company)
        sheets = exported()
        with TemporaryDirectory() as name:
            folder = Path(name)
            if as_workbook:
                (folder / "company.xlsx").write_bytes(write_workbook(sheets))
            else:
                for sheet, rows in sheets.items():
                    (folder / f"{sheet}.csv").write_bytes(write_csv(rows))
            again = import_folder(path=folder, actor=None)
            assert [f.to_json() for f in again.findings if f.code != "sheet_without_rows"] == []
            assert {(s.new, s.changed, s.removed) for s in again.sheets} == {(0, 0, 0)}
            assert Company.objects.get().revision == 0
            empty_tables()
            leaf = company[0][-1].code
            rows = [["product", "org", "month", "quantity"], [leaf, "O", "2026-01", "5"]]
            (folder / "history.csv").write_bytes(write_csv(rows))
            assert import_folder(path=folder, actor=None).is_committed
        assert {name: sorted(rows) for name, rows in exported().items()} == {
            name: sorted(rows) for name, rows in sheets.items()
        }


@given(words)
def test_quoting_is_undone_and_leaves_no_formula(text):
    quoted = quote_text(text)
    assert unquote_text(quoted) == text or quoted == text
    is_number = text.lstrip("+-").replace(".", "").replace(",", "").rstrip("%").isdigit()
    assert is_number or not quoted.startswith(("=", "+", "-", "@"))


@given(st.sampled_from(["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'=x", "''-x"]))
def test_known_attacks_are_quoted_and_come_back(text):
    assert quote_text(text) == "'" + text
    assert unquote_text(quote_text(text)) == text


def test_numbers_stay_numbers():
    assert [quote_text(text) for text in ("-60", "+5", "-1,234.5", "12%")] == ["-60", "+5", "-1,234.5", "12%"]
    assert Decimal(quote_text("-60")) == -60

"""One row per natural key, also where an optional part of the key is empty: kept by the database itself."""

import pytest
from django.core import checks
from django.db import IntegrityError, transaction

from core.months import parse_month
from masterdata.models import ActualRecord, Cost, Policy, Price, Target

MONTH = parse_month("2026-11")


def _rows(company) -> dict[str, tuple[type, dict, list[dict]]]:
    """Model, the parts of the key always filled, and every way to fill the optional parts."""
    product, org, site = company.products["A1"], company.orgs["NORTH-1"], company.site
    of_month = {"product": product, "from_month": MONTH}
    optional = [
        {key: value for key, value in zip(("product", "org"), pair, strict=True) if value}
        for pair in ((None, None), (product, None), (None, org), (product, org))
    ]
    return {
        "price": (Price, {**of_month, "price": 1}, [{}, {"org": org}]),
        "cost": (Cost, of_month, [{}, {"site": site}]),
        "policy": (Policy, {"product": product}, [{}, {"site": site}]),
        "target": (Target, {"kind": "budget", "month": MONTH, "version": "V1"}, optional),
        "actual": (ActualRecord, {"month": MONTH}, [*optional, *({**o, "site": site} for o in optional)]),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["price", "cost", "policy", "target", "actual"])
def test_a_key_with_empty_parts_is_kept_once_and_differs_from_the_filled_one(company, name):
    model, always, ways = _rows(company)[name]
    model.objects.all().delete()
    for way in ways:
        model.objects.create(**always, **way)
    for way in ways:
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.create(**always, **way)
    assert model.objects.count() == len(ways)


@pytest.mark.django_db
def test_the_checks_of_models_and_database_are_silent():
    assert checks.run_checks(databases=["default"]) == []

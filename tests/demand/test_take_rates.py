"""Take rates: learnt, typed, drift, and as a spread rule in the grid and over REST."""

import json

import pytest

from core.models import AuditEntry
from demand.models import TakeRate
from demand.selectors.frame import load_actual
from demand.selectors.take_rates import load_mixes
from demand.services import build_proposal
from masterdata.models import Product
from plans.hierarchy import load_hierarchy
from plans.services import preview_spread
from tests.demand.world import MONTH, MONTHLY
from tests.factories import make_user


@pytest.fixture
def cars(world):
    """New energy is planned as one series; E7 and E5 are its configurations, sold 1,000 : 160 a month."""
    for code, config, colour in (("E7", "SUV", "white"), ("E5", "sedan", "white"), ("M8", "MPV", "black")):
        Product.objects.filter(code=code).update(attributes={"config": config, "colour": colour})
    world.publish("baseline", {**MONTHLY, ("M8", "GZ"): 0})
    build_proposal(cycle=world.cycle, actor=None)
    return world


def mix_of(world, **options):
    [mix] = load_mixes(
        load_actual(), load_hierarchy(), end_month=MONTH, series=[world.p["NEV"]], **options
    )  # fmt: skip
    return dict(zip(mix.variants.tolist(), mix.planned.tolist(), strict=True))


def split(world, total, *, org="GZ", rule="take_rate", product="NEV", month=MONTH + 1):
    preview = preview_spread(
        version_id=world.version.pk, measure="sales", product=product, org=org, totals={month: total}, rule=rule
    )
    assert preview.after[:, 0].sum() == total
    return preview.rules, {
        tuple(key): int(v) for key, v in zip(preview.keys.tolist(), preview.after[:, 0], strict=True)
    }


def type_rates(world, **shares):
    user = make_user("marketing", username="m")
    for value, share in shares.items():
        TakeRate.objects.create(
            product_id=world.p["NEV"], attribute="config", value=value, share=share, reason="x", author=user,
            at="2026-06-01T00:00Z",
        )  # fmt: skip


def test_rates_are_learnt_from_what_was_sold(cars):
    mix = mix_of(cars)
    assert mix[cars.p["E7"]] == pytest.approx(1000 / 1160)
    assert mix[cars.p["E5"]] == pytest.approx(160 / 1160)
    assert mix[cars.p["M8"]] == 0


def test_the_spread_rule_splits_by_learnt_then_by_typed_rates(cars):
    rules, learnt = split(cars, 1160)
    assert rules == ("take_rate",)
    assert learnt[cars.p["E7"], cars.o["GZ"]] == 1000  # 300 : 60 by the dealer's own baseline would give 967
    type_rates(cars, SUV=0.75, sedan=0.25)
    assert split(cars, 1000)[1][cars.p["E7"], cars.o["GZ"]] == 750


def test_regions_get_what_the_series_sells_there(cars):
    type_rates(cars, SUV=0.5, sedan=0.5)
    _rules, parts = split(cars, 1160, org=None)
    by_org = {org: sum(v for (_p, o), v in parts.items() if o == cars.o[org]) for org in ("BJ", "GZ", "SZ")}
    assert by_org == {"BJ": 600, "GZ": 360, "SZ": 200}
    assert parts[cars.p["E7"], cars.o["BJ"]] == 300


def test_a_variant_not_on_sale_yet_gets_nothing(cars):
    type_rates(cars, SUV=0.5, sedan=0.3, MPV=0.2)
    assert split(cars, 80)[1][cars.p["M8"], cars.o["GZ"]] == 0  # M8 starts in September
    assert split(cars, 100, month=MONTH + 3)[1][cars.p["M8"], cars.o["GZ"]] == 20


def test_the_rule_over_rest_and_unknown_rules_still_refused(cars, client):
    client.force_login(make_user("demand_lead"))
    edit = {"measure": "consensus", "product": "NEV", "org": "GZ", "month": "2026-07", "value": 1160, "base": 360}
    path = f"/api/v1/plans/{cars.version.pk}/cells:batch"

    def send(spread):
        body = {"mode": "partial", "edits": [{**edit, "spread": spread, "reason": "customer"}]}
        return client.post(path, json.dumps(body), content_type="application/json")

    assert send("by_mood").status_code == 422
    assert send("take_rate").json()["results"][0]["status"] == "applied"
    assert cars.cell("consensus", "E7", "GZ", 1) == 1000


def post(client, product="NEV", **form):
    fields = {"attribute": "config", "value": ["MPV", "SUV", "sedan"], "reason": "new facelift", **form}
    return client.post(f"/demand/take-rates/?product={product}", fields)


def test_product_management_types_rates_with_a_reason(cars, client):
    client.force_login(make_user("marketing"))
    assert post(client, share=["", "70", "30"]).status_code == 302
    assert dict(TakeRate.objects.values_list("value", "share")) == {"SUV": 0.7, "sedan": 0.3}
    entry = json.loads(AuditEntry.objects.get(verb="demand.take_rates.set").detail)
    assert (entry["after"], entry["reason"]) == ({"SUV": 0.7, "sedan": 0.3}, "new facelift")
    assert post(client, share=["", "", ""]).status_code == 302  # back to what was learnt
    assert not TakeRate.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {"share": ["10", "60", "60"]},
        {"share": ["10", "60", "20"]},
        {"share": ["", "-5", ""]},
        {"share": ["", "much", ""]},
        {"share": ["", "70", "30"], "reason": " "},
        {"share": ["70"], "value": ["cabriolet"]},
        {"share": ["70"], "value": ["white"], "attribute": "price"},
    ],
)
def test_rates_that_do_not_make_a_mix_change_nothing(cars, client, form):
    client.force_login(make_user("marketing"))
    assert post(client, **form).status_code == 422
    assert not TakeRate.objects.exists()


def test_who_may_not_type_rates_changes_nothing(cars, client):
    client.force_login(make_user("production"))
    assert post(client, share=["", "70", "30"]).status_code == 422
    assert not TakeRate.objects.exists()
    client.force_login(make_user("marketing", products=("FUEL",)))
    assert post(client, share=["", "70", "30"]).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_shows_learnt_planned_sold_and_the_drift(cars, client, language):
    type_rates(cars, SUV=0.7, sedan=0.3)
    client.force_login(make_user("marketing", language=language))
    response = client.get("/demand/take-rates/?months=12")
    assert response.status_code == 200
    config = next(a for a in response.context["board"].attributes() if a["key"] == "config")
    suv = next(line for line in config["lines"] if line["code"] == "SUV")
    assert (suv["typed"], round(suv["planned"]), round(suv["learnt"]), suv["is_marked"]) == ("70.0", 70, 86, True)
    assert round(suv["in_plan"]) == 86
    points = {"en": "+16.2 pt", "zh-hans": "+16.2 个百分点"}[language]
    assert (suv["drift"], round(suv["sold"] - suv["planned"], 1)) == (points, 16.2)


def test_a_company_without_attributes_is_told_what_to_add(world, client):
    client.force_login(make_user("marketing"))
    assert b"attr_config" in client.get("/demand/take-rates/").content

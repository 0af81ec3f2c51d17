"""What is short shared out between markets: evenly, to who earns most, or to a region first."""

import pytest

from core.errors import InvalidInput, Missing
from core.jobs import run_job_now
from masterdata.models import Price
from plans.selectors import load_measure
from plans.services import create_working_version
from supply import measures as m
from supply.models import SupplyOption
from supply.selectors.options import list_options
from supply.selectors.shortages import list_shortages
from supply.services import sessions
from supply.services.balance import run_balance
from supply.services.keeping import keep_trial
from supply.services.options import add_option_to_scenario
from supply.services.trials import try_settings
from tests.factories import make_user
from tests.supply.world import NOV, ask, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(company, cycle, users):
    """400 hours, an hour a unit; 300 of A1 asked in the north, 200 in the south, which pays 20 more a unit."""
    sessions.forget_models()
    product, south = company.products["A1"], company.orgs["SOUTH-1"]
    general = Price.objects.filter(product=product).first()
    Price.objects.create(product=product, org=south, from_month=NOV - 12, price=120, currency=general.currency)
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [300] + [100] * 17, ("A1", "SOUTH-1"): [200] + [100] * 17})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    return version


def served(version, company) -> tuple[int, int]:
    """November's deliveries to the north and to the south."""
    cube = load_measure(version_id=version.pk, measure=m.CONSTRAINED, months=range(NOV, NOV + 1))
    by_org = dict(zip(cube.axis.keys[:, 1].tolist(), cube.values[:, 0].tolist(), strict=True))
    return by_org[company.orgs["NORTH-1"].pk], by_org[company.orgs["SOUTH-1"].pk]


def share(rule, **words):
    return {"kind": "allocate", "product": "A1", "month": NOV, "rule": rule, **words}


@pytest.mark.parametrize(
    ("setting", "north", "south", "gain"),
    [
        (share("fair"), 240, 160, -40 * 20_00),
        (share("margin"), 200, 200, 0),
        (share("priority", orgs=["NORTH"]), 300, 100, -100 * 20_00),
        (share("priority", orgs=["SOUTH-1", "NORTH"]), 200, 200, 0),
    ],
)
def test_every_rule_has_its_shares_money_and_losers(version, company, users, setting, north, south, gain):
    assert served(version, company) == (200, 200)  # the plan itself serves who pays most
    trial = try_settings(version_id=version.pk, settings=[setting], actor=users["supply_lead"])
    assert (trial.effect.units, trial.effect.gain) == (0, gain)
    lost = {(row.org, row.less, row.revenue) for row in trial.losers}
    assert lost == ({("SOUTH-1", 200 - south, -(200 - south) * 120_00)} if south < 200 else set())
    scenario, job = keep_trial(version_id=version.pk, settings=[setting], actor=users["supply_lead"])
    assert run_job_now(job).state == "done"
    assert served(scenario, company) == (north, south)
    assert totals(scenario, m.CONSTRAINED) == totals(version, m.CONSTRAINED)  # nobody gets what was not there
    assert totals(scenario, m.CONSENSUS) == totals(version, m.CONSENSUS)


def test_the_even_share_is_offered_as_a_priced_way_that_ends_no_shortage(version, company, users):
    row = next(row for row in list_options(version.pk) if row.kind == "allocate")
    assert (row.units, row.gain, row.cost) == (0, -40 * 20_00, 0)
    ways = SupplyOption.objects.filter(run__version=version, in_plan=False).exclude(kind="allocate").count()
    assert list_shortages(version.pk)[0].options == ways
    scenario = add_option_to_scenario(option_id=row.pk, actor=users["supply_lead"])
    run_balance(version_id=scenario.pk, actor=users["supply_lead"])
    assert served(scenario, company) == (240, 160)


def test_what_cannot_be_shared_out(version, users):
    north = make_user("sales", username="north", orgs=("NORTH",))
    for setting, refusal, actor in (
        (share("fair") | {"month": NOV + 1}, InvalidInput, users["supply_lead"]),  # nothing is short
        (share("fair") | {"product": "NOTHING"}, Missing, users["supply_lead"]),
        (share("priority", orgs=["NOWHERE"]), Missing, users["supply_lead"]),
        (share("priority", orgs=["SOUTH"]), Missing, north),
    ):
        with pytest.raises(refusal):
            try_settings(version_id=version.pk, settings=[setting], actor=actor)

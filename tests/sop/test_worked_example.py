"""R-054, through the same path as every month: sales asks 1000, a maintenance leaves 900 of 1200."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from core.audit import verify_chain
from cycles.models import Cycle
from meetings.models import ActionItem
from plans.services import verify_snapshot
from supply.models import Release

FOLDER = Path(__file__).parent.parent / "data" / "worked_example"
JUNE = "2026-06"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def result(tmp_path) -> dict:
    out = tmp_path / "out.json"
    call_command("run_cycle", FOLDER, month=JUNE, out=out, current=True)
    return json.loads(out.read_text(encoding="utf-8"))


def test_the_worked_example(result):
    assert result["consensus"]["ALL"][JUNE] == 1000
    assert result["available_hours"]["LINE"][JUNE] == 180  # 20 days × 2 shifts × 6 h − 60 h of maintenance
    assert result["available_hours"]["LINE"]["2026-07"] == 240
    assert result["constrained"]["ALL"][JUNE] == 900
    assert result["short"]["ALL"][JUNE] == 100
    (shortage,) = [row for row in result["shortages"] if row["month"] == JUNE]
    assert (shortage["product"], shortage["quantity"], shortage["cause"]["kind"]) == ("SET", 100, "resource")
    assert shortage["cause"]["code"] == "LINE"
    assert {name: result["band"][name]["ALL"][JUNE] for name in ("demand", "capacity", "material")} == {
        "demand": 900,
        "capacity": 950,
        "material": 1000,
    }
    assert result["options"]
    assert {action.owner.role for action in ActionItem.objects.all()} == {"sales", "purchasing", "production"}


def test_what_must_hold_after_the_month(result):
    cycle = Cycle.objects.get()
    assert (result["state"], result["release"]) == ("released", Release.objects.get().number)
    assert verify_snapshot(code=result["snapshot"]) == []
    assert verify_chain(f"cycle:{cycle.pk}") is None
    finance = result["finance"]
    costs = ("material", "labour", "overhead", "outsourcing", "freight", "holding", "overtime")
    assert finance["profit"] == pytest.approx(
        finance["revenue"] - sum(finance[f"{name}_cost"] for name in costs), abs=0.005
    )
    for resource, months in result["load_hours"].items():
        for month, load in months.items():
            assert load <= result["available_hours"][resource][month] + 0.01

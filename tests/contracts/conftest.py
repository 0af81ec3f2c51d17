"""A company with two releases, played once per module by the same commands and services as everywhere."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import translation

from accounts.models import User, UserScope
from cycles.models import Cycle
from masterdata.services import import_folder
from sop.demo.people import ensure_people
from sop.monthly import MonthlyRun
from tests.factories import make_user

WORKED_EXAMPLE = Path(__file__).parents[1] / "data" / "worked_example"
API = "/api/v1/"


@dataclass
class Released:
    """June and July of the worked example, both released; ``report`` is what ``run_cycle --json`` wrote of June."""

    report: dict[str, Any]
    people: dict[str, User]
    snapshots: tuple[str, str]

    def person(self, role: str) -> Client:
        """A signed-in browser."""
        client = Client()
        client.force_login(self.people[role])
        return client

    def token(self, role: str, *scopes: str) -> dict[str, str]:
        """Headers of a token made by the command line."""
        out = io.StringIO()
        call_command("create_token", self.people[role].username, "--scope", ",".join(scopes), stdout=out)
        return {"Authorization": f"Bearer {out.getvalue().strip()}"}


@pytest.fixture(scope="module")
def _released(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Released]:
    """One transaction for the module, undone at its end."""
    out = tmp_path_factory.mktemp("contracts") / "out.json"
    with django_db_blocker.unblock(), translation.override("en"):
        outer = transaction.atomic()
        outer.__enter__()
        try:
            call_command("run_cycle", WORKED_EXAMPLE, month="2026-06", out=out, current=True, stdout=io.StringIO())
            june = Cycle.objects.get()
            people = ensure_people()
            sold = tmp_path_factory.mktemp("june") / "history.csv"
            sold.write_text("product,org,month,quantity\nSET,MARKET,2026-06,900\n", "utf-8")
            assert import_folder(path=sold, actor=None).is_committed
            july = MonthlyRun(month=june.month + 1, people=people)
            july.roll(june)
            _play_on(july)
            UserScope.objects.all().delete()  # the demo's sellers have regions this company does not know
            people["api_client"] = make_user("api_client", username="erp")
            report = json.loads(out.read_text(encoding="utf-8"))
            yield Released(report, people, (report["snapshot"], july.version.snapshot_code or ""))
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def _play_on(month: MonthlyRun) -> None:
    """All but the start."""
    for act in (
        month.forecast,
        month.open_demand_review,
        month.hand_in,
        month.sign_demand,
        month.balance,
        month.sign_supply,
        month.value,
        month.sign_pre_sop,
        month.decide,
        month.apply_decisions,
        month.approve,
        month.release,
    ):
        act()


@pytest.fixture
def released(_released, db) -> Released:
    """The played company; what a test changes is undone after it. A module needs the mark ``django_db``."""
    for user in _released.people.values():
        user.cached_scope = None
    return _released

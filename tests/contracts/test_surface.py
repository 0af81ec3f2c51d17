"""Paths and verbs of the REST surface: all are there, each is described, none is open to strangers."""

from __future__ import annotations

import inspect
import re

import pytest
from django.core.management import get_commands, load_command_class
from django.test import Client
from django.urls import get_resolver, resolve

from tests.contracts.company import SHEETS
from tests.contracts.conftest import API
from tests.test_permissions import _routes

# Sheets other rooms keep as figures of the plan, orders or events have endpoints of their own.
_ROWS = [sheet for sheet in SHEETS if sheet not in {"history", "inputs", "orders", "events", "users"}]
SURFACE = {
    **{f"masterdata/{sheet}/": "GET" for sheet in _ROWS},
    **{f"masterdata/{sheet}/KEY/": "GET PUT" for sheet in _ROWS},
    "imports/": "GET POST",
    "imports/1/": "GET",
    "imports/1/commit/": "POST",
    "cycles/": "GET POST",
    "cycles/2026-06/": "GET POST",
    "cycles/2026-06/steps/demand_review/": "GET POST PATCH",
    "cycles/2026-06/submissions/": "GET POST",
    "cycles/2026-06/meetings/": "GET POST",
    "cycles/2026-06/decisions/": "GET POST",
    "cycles/2026-06/actions/": "GET POST",
    "plans/working/cells/": "GET",
    "plans/1/cells:batch": "POST",
    "plans/1/scenarios/": "GET POST",
    "plans/1/compare/2/": "GET",
    "jobs/": "GET",
    "jobs/1/": "GET POST",
    "jobs/1/cancel/": "POST",
    "snapshots/0123456789ab/": "GET",
    "plan/consensus/": "GET",
    "releases/": "GET",
    "releases/latest/": "GET",
    "releases/1/": "GET",
    "releases/1/lines/": "GET",
    "releases/1/delta/": "GET",
    "releases/1/acks/": "GET POST",
    "tokens/": "GET POST",
    "tokens/1/": "DELETE",
    "demand/orders/": "GET POST",
    "demand/events/": "GET POST",
}
OPEN = ("schema/", "docs/")
COMMANDS = {
    "import_data": "PATH --check --json",
    "run_cycle": "PATH --month 2026-06 --horizon 18 --consensus auto --json OUT",
    "forecast_file": "IN.csv --horizon 12 --freq M --levels 80,95 --out OUT.csv",
    "balance_file": "FOLDER --out RESULT.json --integer-headcount --set-ups",
    "export_plan": "SNAPSHOT --format csv PATH",
    "create_token": "USER --scope plan:read",
    "verify_audit": "",
}


@pytest.mark.parametrize(("path", "verbs"), SURFACE.items())
def test_a_path_answers_its_verbs(path, verbs):
    view = resolve(API + path).func.cls
    offered = {name.upper() for name in view.http_method_names if hasattr(view, name)} - {"OPTIONS", "HEAD"}
    assert set(verbs.split()) <= offered
    assert set(verbs.split()) <= view.required_actions.keys()


@pytest.mark.django_db
@pytest.mark.parametrize("path", SURFACE)
def test_strangers_are_asked_who_they_are(path):
    verb = SURFACE[path].split()[0].lower()
    answer = getattr(Client(), verb)(API + path)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.django_db
def test_the_document_describes_them_and_is_open():
    for path in OPEN:
        assert Client().get(API + path).status_code == 200
    document = Client().get(f"{API}schema/").json()
    assert document["openapi"].startswith("3.1")
    described = {re.sub(r"\{\w+\}", "…", path): operations for path, operations in document["paths"].items()}
    for path, verbs in SURFACE.items():
        match = resolve(API + path)
        route = re.sub(r"<[^>]+>", "…", f"/{match.route}")
        assert {verb.lower() for verb in verbs.split()} <= described[route].keys(), path


@pytest.mark.parametrize(("name", "words"), COMMANDS.items())
def test_a_command_line_is_understood(name, words):
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("manage.py", name)
    parser.parse_args(words.split())


# These POSTs store nothing, or (tokens) must not store their answer.
_WITHOUT_KEY = {
    "api/v1/demand/preview/",
    "api/v1/demand/advice/",
    "api/v1/demand/forecast/node/",
    "api/v1/demand/launches/preview/",
    "api/v1/demand/workbook/",
    "api/v1/plans/<int:version>/what-if/",
    "api/v1/plans/<int:version>/trials/",
    "api/v1/plans/<int:version>/trials/warm/",
    "api/v1/plans/<int:version>/options/price/",
    "api/v1/tokens/",
}
_OWN_KEY = {"api/v1/plans/<str:version>/cells:batch"}  # kept with the batch it made


def test_every_post_that_writes_honours_an_idempotency_key():
    plain = set()
    for route, view in _routes(get_resolver().url_patterns):
        post = getattr(getattr(view, "cls", None), "post", None)
        if post is not None and not post.__code__.co_filename.endswith("core/idempotency.py"):
            plain.add(route)
    assert plain - _WITHOUT_KEY == _OWN_KEY


def test_every_change_of_a_row_asks_what_its_writer_saw():
    """PUT and PATCH compare ``If-Match`` with the row's entity tag."""
    blind = set()
    for route, view in _routes(get_resolver().url_patterns):
        for verb in ("put", "patch"):
            handler = getattr(getattr(view, "cls", None), verb, None)
            if handler is not None and "require_match" not in inspect.getsource(handler):
                blind.add(f"{verb} {route}")
    assert blind == set()


@pytest.mark.django_db
def test_before_the_first_approval_there_is_no_consensus_plan(client, users):
    client.force_login(users["supply_lead"])
    answer = client.get(f"{API}plan/consensus/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "nothing_approved"

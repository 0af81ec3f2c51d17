"""Every door against the reviewed table: route × method × role × {own, foreign, missing}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tests.permission_table import DENIED, HIDDEN, JUDGED, OK, ROWS, UNCHANGED, Outcome, Row
from tests.permission_world import World, build_world, fingerprint

# Without the mark pytest-django makes no test database when this file runs alone, and the real one would be asked.
pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OWN, FOREIGN, MISSING = range(3)
_REFUSED_BY_RULES = {400, 409, 412, 415, 422, 428}
_NAME = re.compile(r"\$(\w+)")
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
_QUIET_TABLES = ("django_session", "axes_", "accounts_user")  # signing in and out, and its time


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[tuple[World, str, dict[str, Client]]]:
    """One world in one transaction for the whole module; each request is rolled back to it."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            built = build_world()
            clients = {"anonymous": Client(raise_request_exception=False)}
            for role, user in built.users.items():
                clients[role] = Client(raise_request_exception=False)
                clients[role].force_login(user)
            yield built, fingerprint(), clients
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def test_every_route_and_method_has_its_row():
    known = {(row.route, row.method) for row in ROWS}
    doors = set(_doors())
    assert doors - known == set(), "these need a row in tests/permission_table.py"
    assert known - doors == set(), "these rows have no route any more"


def _param(row: Row) -> Any:
    marks = [pytest.mark.xfail(strict=True, reason=row.defect)] if row.defect else []
    return pytest.param(row, id=str(row), marks=marks)


@pytest.mark.parametrize("row", [_param(row) for row in ROWS])
def test_door(row: Row, world):
    built, before, clients = world
    names = _names(row)
    for role, client in clients.items():
        user = built.users.get(role)
        if role not in row.allowed:
            things = {name: _thing(built, row, name, user)[OWN] for name in names}
            answer, wrote = _knock(client, row, things)
            _assert_outcome(row, role, "own", answer, _closed(row, role))
            assert not wrote or fingerprint() == before, f"{row} as {role} was denied but wrote {wrote}"
            continue
        looks = {}
        for kind, things, expected in _visits(built, row, role, names):
            answer, wrote = _knock(client, row, things)
            _assert_outcome(row, role, kind, answer, expected)
            if expected is HIDDEN:
                looks[kind] = _look(answer, things)
                assert not wrote or fingerprint() == before, f"{row} as {role}: {kind} wrote {wrote}"
        for name in names:
            foreign, missing = looks.get(f"foreign {name}"), looks.get(f"missing {name}")
            assert foreign is None or foreign == missing, f"{row} as {role}: foreign and missing {name} differ"


def _visits(world: World, row: Row, role: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any], Outcome]]:
    user = world.users.get(role)
    known = {name: _thing(world, row, name, user) for name in names}
    own = {name: thing[OWN] for name, thing in known.items()}
    yield "own", own, row.own
    for name, thing in known.items():
        if thing[FOREIGN] is not None and row.foreign:
            expected = row.own if role in row.seen_by else row.foreign
            yield f"foreign {name}", own | {name: thing[FOREIGN]}, expected
    if row.missing:
        for name, thing in known.items():
            expected = row.missing.get(name, HIDDEN) if isinstance(row.missing, dict) else row.missing
            yield f"missing {name}", own | {name: thing[MISSING]}, expected


def _thing(world: World, row: Row, name: str, user: Any) -> tuple[Any, Any, Any]:
    if name == "command":
        return row.case, None, "party"
    return world.thing(name, user or world.users["coordinator"])


def _knock(client: Client, row: Row, things: dict[str, Any]) -> tuple[HttpResponse, list[str]]:
    """Send the request and roll it back; the statements that wrote."""
    url = "/" + _PLACE.sub(lambda place: str(things[place[1]]), row.route)
    body = _fill(row.body or {}, things)
    query = _fill_text(row.query, things)
    cache.clear()
    connection.queries_log.clear()
    cookies = deepcopy(client.cookies)
    with (
        transaction.atomic(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        send = getattr(client, row.method.lower())
        target = f"{url}?{query}" if query else url
        if row.method == "GET":
            answer = send(target)
        elif row.route.startswith("api/"):
            answer = send(target, body, content_type="application/json")
        else:
            answer = send(target, body)
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer, [query["sql"] for query in queries.captured_queries if _is_write(query["sql"])]


def _fill(value: Any, things: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(inner, things) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, things) for inner in value]
    return _fill_text(value, things) if isinstance(value, str) else value


def _fill_text(text: str, things: dict[str, Any]) -> str:
    return _NAME.sub(lambda place: str(things[place[1]]), text)


def _is_write(sql: str) -> bool:
    return sql.startswith(("INSERT", "UPDATE", "DELETE")) and not any(table in sql for table in _QUIET_TABLES)


def _assert_outcome(row: Row, role: str, kind: str, answer: HttpResponse, expected: Outcome) -> None:
    status = answer.status_code
    at_the_door = status == 401 or (
        status == 302 and answer["Location"].startswith("/signin/") and row.route != "signout/"
    )
    fits = {
        OK: status < 400 and not at_the_door,
        JUDGED: (status < 400 and not at_the_door) or status in _REFUSED_BY_RULES,
        HIDDEN: status == 404,
        DENIED: at_the_door if role == "anonymous" else status == 403,
        UNCHANGED: status < 500,
    }[expected]
    assert fits, f"{row} as {role}, {kind}: expected {expected.value}, got {status} {answer.content[:300]!r}"


def _closed(row: Row, role: str) -> Outcome:
    return DENIED if role == "anonymous" and row.denied is not UNCHANGED else row.denied


def _look(answer: HttpResponse, things: dict[str, Any]) -> tuple[Any, ...]:
    """What a stranger learns from a refusal, apart from the name he gave himself."""
    if answer["Content-Type"] != "application/problem+json":
        return (answer.status_code,)
    problem = json.dumps({**answer.json(), "instance": "", "status": ""}, ensure_ascii=False)
    for thing in sorted((str(thing) for thing in things.values()), key=len, reverse=True):
        problem = re.sub(rf"(?<!\w){re.escape(thing)}(?!\w)", "…", problem)
    return answer.status_code, problem


def _names(row: Row) -> list[str]:
    return [*_PLACE.findall(row.route), *_NAME.findall(f"{row.body} {row.query}")]


def _doors() -> Iterator[tuple[str, str]]:
    for route, view in _routes(get_resolver().url_patterns):
        handler = getattr(view, "view_class", None) or getattr(view, "cls", None)
        assert handler is not None, f"{route} is no class view; its methods cannot be listed"
        for method in METHODS:
            if hasattr(handler, method.lower()) and method.lower() in handler.http_method_names:
                yield route, method


def _routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern.callback

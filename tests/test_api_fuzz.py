"""Generated requests against every operation of the OpenAPI document: whatever is sent, no answer is a server error.

The seed is fixed, the number of requests bounded. Each request is sent by a role that may send it, against a company
with one thing of each kind, and rolled back.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.permission_table import ROWS
from tests.permission_world import World, build_world

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]
EXAMPLES = 6  # an operation; the whole file stays under a minute
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
_ALLOWED = {(_PLACE.sub(r"{\1}", "/" + row.route), row.method): sorted(row.allowed) for row in ROWS}
_PREFERRED = ("demand_lead", "supply_lead", "coordinator", "executive", "finance", "api_client", "admin")


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[tuple[World, dict[str, Client]]]:
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            built, clients = build_world(), {}
            for role, user in built.users.items():
                clients[role] = Client(raise_request_exception=True)
                clients[role].force_login(user)
            yield built, clients
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def _role(path: str, method: str) -> str:
    allowed = _ALLOWED.get((path, method), ["coordinator"])
    return next((role for role in _PREFERRED if role in allowed), next(iter(allowed), "coordinator"))


def _send(client: Client, case: schemathesis.Case) -> int:
    """The status of the answer; the request is rolled back. Raises whatever the application raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sent = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    names = {"cookie", "authorization", "content-length", "content-type", "host"}
    headers = {name: value for name, value in sent.headers.items() if name.lower() not in names}
    body = sent.body or b""
    cache.clear()
    cookies = deepcopy(client.cookies)
    try:
        with transaction.atomic():
            answer = client.generic(
                sent.method,
                sent.path_url,
                body.encode() if isinstance(body, str) else body,
                content_type=sent.headers.get("Content-Type", "application/json"),
                headers=headers,
            )
            if answer.streaming:
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
    finally:
        client.cookies = cookies
    return answer.status_code


def _fuzz(operation: Any, client: Client, own: dict[str, Any]) -> int:
    """Send ``EXAMPLES`` generated requests; how many. Raises the first server error."""
    asked = 0

    @seed(20261127)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.integers(0, 3))
    def ask(case: schemathesis.Case, real: int) -> None:
        nonlocal asked
        if real:  # three of four requests are about things that are there
            case.path_parameters = {**(case.path_parameters or {}), **own}
        asked += 1
        status = _send(client, case)
        assert status < 500, f"{status} for {case.method} {case.formatted_path} {case.query} {case.body!r}"

    ask()
    return asked


def test_no_request_the_document_allows_makes_a_server_error(world):
    built, clients = world
    document = Client().get("/api/v1/schema/").json()
    failures: dict[str, str] = {}
    asked = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        role = _role(operation.path, operation.method.upper())
        try:
            asked += _fuzz(operation, clients[role], _own_things(built, operation.path, role))
        except Exception as error:
            failures[f"{operation.method.upper()} {operation.path}"] = f"{type(error).__name__}: {error}"[:600]
    assert not failures, json.dumps(failures, indent=1)
    assert asked > 3 * len(document["paths"])


def _own_things(world: World, path: str, role: str) -> dict[str, Any]:
    things = {}
    for name in re.findall(r"\{(\w+)\}", path):
        try:
            things[name] = quote(str(world.thing(name, world.users[role])[0]), safe="")
        except KeyError:
            continue
    return things

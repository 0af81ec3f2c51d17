"""Log lines: JSON, with request and job, without what a request carries."""

import io
import json
import logging

import pytest
from django.urls import path

from core.logs import JsonFormatter, bind_job


@pytest.fixture
def lines():
    """Every log line as it would be written, parsed."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def broken(request):
    raise ValueError("bad thing")


urlpatterns = [path("broken/", broken)]


def test_a_request_is_one_line_with_its_id_and_without_what_it_carries(client, db, lines):
    answer = client.post("/signin/?next=/secret-page/", {"username": "amy", "password": "hunter2"})
    line = next(line for line in lines() if line["logger"] == "sop.requests")
    assert line["message"].startswith(f"POST /signin/ {answer.status_code} ")
    assert line["request"] == answer["X-Request-ID"]
    assert "hunter2" not in json.dumps(lines())
    assert "secret-page" not in json.dumps(lines())


def test_a_proxys_plain_id_is_kept_and_any_other_replaced(client):
    assert client.get("/healthz").status_code == 200
    kept = client.get("/jsi18n/", headers={"X-Request-ID": "edge-42"})
    forged = client.get("/jsi18n/", headers={"X-Request-ID": 'x", "level": "forged'})
    assert kept["X-Request-ID"] == "edge-42"
    assert len(forged["X-Request-ID"]) == 16


def test_lines_of_a_job_carry_its_number(lines):
    with bind_job(17):
        logging.getLogger("demand").warning("short history of %s", "P1")
    logging.getLogger("demand").warning("after")
    inside, after = lines()
    assert (inside["job"], inside["level"], inside["message"]) == (17, "warning", "short history of P1")
    assert "job" not in after


@pytest.mark.urls(__name__)
def test_an_unexpected_error_is_logged_with_its_trace_and_request(client, db, lines):
    client.raise_request_exception = False
    answer = client.get("/broken/")
    error = next(line for line in lines() if line["level"] == "error")
    assert answer.status_code == 500
    assert "ValueError: bad thing" in error["trace"]
    assert error["request"]
    assert b"bad thing" not in answer.content


def test_line_breaks_cannot_forge_a_line(lines):
    logging.getLogger("masterdata").warning("file %s", 'x\n{"level": "info"}')
    assert len(lines()) == 1

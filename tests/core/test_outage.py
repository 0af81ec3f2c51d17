"""The database goes away: 503, when to come back, and no claim that nothing was saved."""

import pytest
from django.contrib.auth.models import UserManager
from django.db import InterfaceError, OperationalError
from django.test import Client

from core.job_api import JobListView
from tests.factories import make_user


@pytest.fixture
def lead(db) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user("demand_lead"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _break(monkeypatch, what: type, name: str, error: Exception) -> None:
    def refuse(*_args, **_keywords):
        raise error

    monkeypatch.setattr(what, name, refuse)


@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), InterfaceError("closed")])
def test_an_endpoint_says_that_the_save_is_uncertain_and_safe_to_repeat(lead, monkeypatch, error):
    _break(monkeypatch, JobListView, "get", error)
    answer = lead.get("/api/v1/jobs/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer.json()["code"] == "database_unavailable"
    assert "same Idempotency-Key" in answer.json()["detail"]
    assert "Nothing was changed" not in answer.json()["detail"]


def test_so_does_one_that_never_came_to_its_view(lead, monkeypatch):
    _break(monkeypatch, UserManager, "get_queryset", OperationalError("connection refused"))
    answer = lead.get("/api/v1/me/")
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["code"] == "database_unavailable"


def test_a_page_tells_people_in_words_without_asking_the_database(lead, monkeypatch):
    _break(monkeypatch, UserManager, "get_queryset", OperationalError("connection refused"))
    answer = lead.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "What was saved before is safe" in answer.content.decode()


def test_another_error_stays_an_error(lead, monkeypatch):
    _break(monkeypatch, UserManager, "get_queryset", ZeroDivisionError("bad"))
    assert lead.get("/").status_code == 500
    assert "Retry-After" not in lead.get("/").headers

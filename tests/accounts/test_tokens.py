"""API tokens: shown once, stored hashed, scoped, expiring, revocable."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken
from accounts.services import create_token
from core.errors import InvalidInput
from core.models import AuditEntry
from tests.factories import make_user

pytestmark = pytest.mark.django_db
TOKENS, ME = "/api/v1/tokens/", "/api/v1/me/"


def bearer(plaintext):
    return {"Authorization": f"Bearer {plaintext}"}


@pytest.fixture
def owner():
    return make_user("coordinator")


@pytest.fixture
def session(owner):
    client = Client()
    client.force_login(owner)
    return client


def test_create_use_revoke(session, owner):
    body = {"name": "ERP", "scopes": ["plan:read", "release:read"], "days": 30}
    created = session.post(TOKENS, body, content_type="application/json")
    assert created.status_code == 201
    plaintext, token_id = created.json()["token"], created.json()["id"]
    assert plaintext not in str(ApiToken.objects.values().get())
    assert Client().get(ME, headers=bearer(plaintext)).json()["username"] == "coordinator"
    listed = session.get(TOKENS).json()["results"]
    assert [t["prefix"] for t in listed] == [plaintext[:10]]
    assert "token" not in listed[0]
    assert session.delete(f"{TOKENS}{token_id}/").status_code == 204
    assert Client().get(ME, headers=bearer(plaintext)).status_code == 401
    assert list(AuditEntry.objects.values_list("verb", flat=True)) == [
        "accounts.token.created",
        "accounts.token.revoked",
    ]


def test_a_token_cannot_make_or_revoke_tokens(owner):
    token, plaintext = create_token(user=owner, name="t", scopes=["plan:read"])
    body = {"name": "x", "scopes": ["plan:read"]}
    answer = Client().post(TOKENS, body, content_type="application/json", headers=bearer(plaintext))
    assert answer.status_code == 403
    assert Client().delete(f"{TOKENS}{token.pk}/", headers=bearer(plaintext)).status_code == 403
    assert ApiToken.objects.count() == 1


def test_a_foreign_token_looks_missing(session):
    foreign, _plaintext = create_token(user=make_user("finance"), name="t", scopes=["plan:read"])
    answers = [session.delete(f"{TOKENS}{pk}/") for pk in (foreign.pk, 999)]
    bodies = [{k: v for k, v in a.json().items() if k != "instance"} for a in answers]
    assert [a.status_code for a in answers] == [404, 404]
    assert bodies[0] == bodies[1]
    assert ApiToken.objects.get(pk=foreign.pk).revoked_at is None


def test_it_expires_with_its_day_and_dies_with_its_owner(owner):
    _token, plaintext = create_token(user=owner, name="t", scopes=["plan:read"], days=1)
    assert Client().get(ME, headers=bearer(plaintext)).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1), tick=False):
        assert Client().get(ME, headers=bearer(plaintext)).status_code == 401
    owner.is_active = False
    owner.save()
    assert Client().get(ME, headers=bearer(plaintext)).status_code == 401


@pytest.mark.parametrize(
    ("scopes", "days", "code"),
    [(["plan:all"], 9, "unknown_scope"), ([], 9, "no_scope"), (["plan:read"], 0, "invalid_lifetime")],
)
def test_refuses_odd_requests(owner, scopes, days, code):
    with pytest.raises(InvalidInput) as refusal:
        create_token(user=owner, name="t", scopes=scopes, days=days)
    assert refusal.value.code == code
    assert ApiToken.objects.count() == 0


def test_bad_fields_are_named(session):
    answer = session.post(TOKENS, {"name": "", "scopes": ["nope"]}, content_type="application/json")
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["#/name", "#/scopes/0"]


def test_the_command_prints_the_token_once(owner, capsys):
    call_command("create_token", "coordinator", "--scope", "plan:read,jobs", "--scope", "release:read")
    plaintext = capsys.readouterr().out.strip()
    assert Client().get(ME, headers=bearer(plaintext)).status_code == 200
    assert ApiToken.objects.get().scopes == ["jobs", "plan:read", "release:read"]
    with pytest.raises(CommandError, match="no active user 'ghost'"):
        call_command("create_token", "ghost", "--scope", "plan:read")
    with pytest.raises(CommandError, match="Unknown scope"):
        call_command("create_token", "coordinator", "--scope", "everything")

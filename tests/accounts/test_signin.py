"""Signing in: hashed passwords, the lock after too many wrong ones, cookies that scripts cannot read."""

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests.factories import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


@pytest.fixture
def person():
    user = make_user("sales", username="ann")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, password, address="10.0.0.1"):
    return client.post("/signin/", {"username": "ann", "password": password}, REMOTE_ADDR=address)


def test_passwords_are_kept_as_argon2(person):
    assert person.password.startswith("argon2$argon2id$")


def test_too_many_wrong_passwords_lock_the_account_from_that_address_only(person):
    client = Client()
    answers = [sign_in(client, "wrong").status_code for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert answers == [200] * (settings.AXES_FAILURE_LIMIT - 1) + [429]
    locked = sign_in(client, PASSWORD)
    assert locked.status_code == 429
    assert "Too many wrong passwords" in locked.content.decode()
    assert "_auth_user_id" not in client.session
    assert sign_in(Client(), PASSWORD, address="10.0.0.2").status_code == 302


def test_the_lock_opens_by_itself(person):
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, "wrong")
    past = timezone.now() - dt.timedelta(hours=settings.AXES_COOLOFF_TIME, minutes=1)
    AccessAttempt.objects.update(attempt_time=past)
    assert sign_in(client, PASSWORD).status_code == 302


def test_the_right_password_forgets_the_wrong_ones(person):
    client = Client()
    for _round in range(2):
        for _ in range(settings.AXES_FAILURE_LIMIT - 1):
            assert sign_in(client, "wrong").status_code == 200
        assert sign_in(client, PASSWORD).status_code == 302
        client.post("/signout/")


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(person):
    client = Client()
    cookie = sign_in(client, PASSWORD).cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_session_gets_a_new_key_at_sign_in_and_is_gone_at_sign_out(person):
    client = Client()
    client.get("/signin/")
    client.session["seen"] = True
    before = client.session.session_key
    sign_in(client, PASSWORD)
    key = client.session.session_key
    assert key != before
    client.post("/signout/")
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert client.get("/").status_code == 302


def test_forms_without_the_csrf_token_are_refused(person):
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, PASSWORD).status_code == 403

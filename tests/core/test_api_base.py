"""The REST base: errors, languages, idempotency, conditional requests, paging, throttles; driven over HTTP."""

import json
import threading

import pytest
from django.core.cache import cache
from django.db import connections, transaction
from django.test import Client, override_settings
from django.urls import path
from rest_framework.response import Response

from accounts.models import ApiToken
from accounts.services import create_token
from core import audit
from core.api import (
    ApiView,
    IdPagination,
    etag_of,
    idempotent,
    is_not_modified,
    not_modified,
    parse_body,
    require_match,
)
from core.errors import Conflict, GuardFailed
from core.models import AuditEntry, IdempotencyRecord
from tests.factories import make_user


class NoteView(ApiView):
    """Each POST leaves one audit row: a visible effect."""

    required_actions = {"GET": "plan.read", "POST": "plan.read", "PUT": "plan.read"}

    def get(self, request):
        etag = etag_of("note", AuditEntry.objects.count())
        if is_not_modified(request, etag):
            return not_modified(etag)
        return Response({"n": AuditEntry.objects.count()}, headers={"ETag": etag})

    @idempotent
    def post(self, request):
        body = parse_body(request)
        with transaction.atomic():
            audit.record(chain="system", actor=request.user, verb="test.note", obj=("note", "1"), detail=body)
            if body.get("fail"):
                raise GuardFailed("Not yet.", details={"reasons": ["sales is missing"]})
        return Response({"n": AuditEntry.objects.count()}, status=201)

    def put(self, request):
        require_match(request, etag_of("note", AuditEntry.objects.count()))
        return Response({})


class BrokenView(ApiView):
    required_actions = {"GET": "plan.read"}

    def get(self, request):
        raise ZeroDivisionError("secret detail")


class ClosedView(ApiView):
    def get(self, request):
        raise Conflict("never reached")


class ListView(ApiView):
    required_actions = {"GET": "plan.read"}

    def get(self, request):
        pages = IdPagination()
        rows = pages.paginate_queryset(AuditEntry.objects.all(), request, view=self)
        return pages.get_paginated_response([row.seq for row in rows])


class CostlyView(ApiView):
    required_actions = {"GET": "plan.read"}
    throttle_scope = "tokens"

    def get(self, request):
        return Response({})


urlpatterns = [
    path("note/", NoteView.as_view()),
    path("broken/", BrokenView.as_view()),
    path("closed/", ClosedView.as_view()),
    path("list/", ListView.as_view()),
    path("costly/", CostlyView.as_view()),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.test_api_base")]


@pytest.fixture(autouse=True)
def _fresh_throttles():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def api():
    client = Client()
    client.force_login(make_user("coordinator"))
    return client


def post(client, body, **headers):
    return client.post("/note/", body, content_type="application/json", headers=headers)


def assert_problem(response, status, code):
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    return body


def test_without_credentials_401_with_a_challenge():
    response = Client().get("/note/")
    assert_problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer sop_wrong", "Bearer", "Bearer a b", "Bearer ÿ"])
def test_a_bad_token_is_401(header):
    assert_problem(Client().get("/note/", headers={"Authorization": header}), 401, "authentication_failed")


def test_a_view_that_names_no_action_is_closed(api):
    assert_problem(api.get("/closed/"), 403, "permission_denied")


def test_a_role_without_the_right_is_403():
    client = Client()
    client.force_login(make_user("supplier"))
    assert_problem(client.get("/note/"), 403, "permission_denied")


def test_an_app_error_carries_its_code_and_details_and_undoes_its_effect(api):
    body = assert_problem(post(api, {"fail": True}), 409, "guard_failed")
    assert body["reasons"] == ["sales is missing"]
    assert AuditEntry.objects.count() == 0


def test_an_unexpected_error_tells_nothing_of_the_inside(api):
    response = api.get("/broken/")
    assert_problem(response, 500, "internal_error")
    assert b"secret" not in response.content


@pytest.mark.parametrize(
    "body",
    [
        '{"a": NaN}',
        '{"a": 1e309}',
        '{"a": -Infinity}',
        "{",
        "[" * 100_000,
        b"\xff",
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
    ],
)
def test_numbers_are_finite_and_json_is_json(api, body):
    assert_problem(post(api, body), 400, "parse_error")
    assert AuditEntry.objects.count() == 0


def test_a_body_must_be_an_object(api):
    assert_problem(post(api, "[1]"), 422, "not_an_object")


def test_the_same_key_has_one_effect_and_one_answer(api):
    first = post(api, {"a": 1}, **{"Idempotency-Key": "k1"})
    again = post(api, {"a": 1}, **{"Idempotency-Key": "k1"})
    assert (first.status_code, first.json()) == (201, {"n": 1})
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, {"n": 1}, "true")
    assert AuditEntry.objects.count() == 1


def test_the_same_key_with_another_body_is_422(api):
    post(api, {"a": 1}, **{"Idempotency-Key": "k1"})
    assert_problem(post(api, {"a": 2}, **{"Idempotency-Key": "k1"}), 422, "idempotency_key_reused")
    assert AuditEntry.objects.count() == 1


def test_a_refusal_is_not_stored_under_the_key(api):
    assert post(api, {"fail": True}, **{"Idempotency-Key": "k1"}).status_code == 409
    assert IdempotencyRecord.objects.count() == 0
    assert post(api, {"fail": False}, **{"Idempotency-Key": "k1"}).status_code == 201


def test_two_people_may_use_the_same_key(api):
    other = Client()
    other.force_login(make_user("finance"))
    post(api, {"a": 1}, **{"Idempotency-Key": "k1"})
    assert post(other, {"a": 2}, **{"Idempotency-Key": "k1"}).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 129])
def test_an_odd_key_is_refused(api, key):
    assert_problem(post(api, {"a": 1}, **{"Idempotency-Key": key}), 422, "invalid_key")


def test_etag_saves_the_second_read_and_guards_the_write(api):
    etag = api.get("/note/")["ETag"]
    assert api.get("/note/", headers={"If-None-Match": etag}).status_code == 304
    assert api.put("/note/", {}, headers={"If-Match": etag}, content_type="application/json").status_code == 200
    assert_problem(api.put("/note/", {}, content_type="application/json"), 428, "precondition_required")
    post(api, {})
    stale = api.put("/note/", {}, headers={"If-Match": etag}, content_type="application/json")
    assert_problem(stale, 412, "precondition_failed")
    assert api.get("/note/", headers={"If-None-Match": etag}).status_code == 200


def test_paging_walks_every_row_once(api):
    for _ in range(5):
        post(api, {})
    seen, url = [], "/list/?limit=2"
    while url:
        body = api.get(url).json()
        seen += body["results"]
        url = body["next"]
    assert seen == [1, 2, 3, 4, 5]


def test_costly_endpoints_are_throttled(api):
    answers = [api.get("/costly/") for _ in range(21)]
    assert [a.status_code for a in answers] == [200] * 20 + [429]
    assert_problem(answers[-1], 429, "throttled")
    assert int(answers[-1]["Retry-After"]) >= 1


def test_errors_come_in_the_callers_language():
    user = make_user("coordinator", language="zh-hans")
    _token, plaintext = create_token(user=user, name="t", scopes=["plan:read"])
    bearer = {"Authorization": f"Bearer {plaintext}"}
    with override_settings(LANGUAGE_CODE="en"):
        chinese = Client().delete("/note/", headers=bearer)
        english = Client().delete("/note/", headers={**bearer, "Accept-Language": "en"})
    assert chinese["Content-Language"] == "zh-hans"
    assert english["Content-Language"] == "en"


def test_a_token_is_touched_when_used():
    user = make_user("coordinator")
    token, plaintext = create_token(user=user, name="t", scopes=["plan:read"])
    assert Client().get("/note/", headers={"Authorization": f"Bearer {plaintext}"}).status_code == 200
    assert ApiToken.objects.get(pk=token.pk).last_used_at is not None


@pytest.mark.django_db(transaction=True)
def test_concurrent_twins_have_one_effect():
    user = make_user("coordinator")
    answers = []

    def work():
        client = Client()
        client.force_login(user)
        answers.append(post(client, {"a": 1}, **{"Idempotency-Key": "twin"}))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status_code for a in answers} == {201}
    assert {json.dumps(a.json()) for a in answers} == {'{"n": 1}'}
    assert AuditEntry.objects.count() == 1


def test_a_session_needs_the_csrf_token_and_a_bearer_does_not():
    user = make_user("coordinator")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert_problem(post(client, {}), 403, "permission_denied")
    _token, plaintext = create_token(user=user, name="t", scopes=["plan:read"])
    assert post(Client(enforce_csrf_checks=True), {}, Authorization=f"Bearer {plaintext}").status_code == 201

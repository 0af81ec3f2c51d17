"""What an ERP builds on: the approved plan, releases, deltas, acknowledgements, snapshots, refusals."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ApiToken
from masterdata.models import Product
from plans.services import reopen_version
from supply.documents import ReleaseLine, decode_lines, diff_lines, encode_lines
from supply.models import Release, ReleaseAck
from supply.selectors.releases import get_released_version
from tests.contracts.conftest import API

pytestmark = pytest.mark.django_db  # without it a run of this file alone makes no test database
JSON = {"content_type": "application/json"}
LATEST = f"{API}releases/latest/"


@pytest.fixture
def erp(released):
    """``get(path)`` with a token that may read releases and acknowledge them, nothing else."""
    headers = released.token("api_client", "release:read", "release:ack")

    def send(path: str, method: str = "get", body=None, **more: str):
        arguments = (json.dumps(body),) if body is not None else ()
        options = JSON if body is not None else {}
        return getattr(Client(), method)(f"{API}{path}", *arguments, **options, headers={**headers, **more})

    return send


def test_run_cycle_writes_every_figure_it_promises(released):
    report, june = released.report, "2026-06"
    assert report["snapshot"] == released.snapshots[0]
    assert report["release"] == 1
    for measure in ("baseline", "consensus", "constrained", "short", "production", "stock_end"):
        assert set(report[measure]["ALL"]) >= {june, "2027-11"}, measure
    for measure in ("load_hours", "available_hours"):
        assert set(report[measure]["LINE"]) >= {june, "2027-11"}, measure
    assert all({"kind", "code", "text"} <= row["cause"].keys() for row in report["shortages"])
    assert all({"gain", "cost", "decide_by"} <= row.keys() for row in report["options"])
    assert report["shortages"]
    assert report["options"]
    finance = report["finance"]
    assert {"revenue", "profit", "margin", "against_budget", "against_le"} <= finance.keys()
    assert {"import", "forecast", "consensus", "balance", "finance", "approval", "release"} <= report["seconds"].keys()


class TestConsensus:
    def test_the_latest_approved_plan_by_product_org_and_month(self, released, erp):
        body = erp("plan/consensus/").json()
        assert body.keys() == {"snapshot", "release", "cycle", "approved_at", "approved_by", "lines", "next"}
        assert (body["snapshot"], body["release"], body["cycle"]) == (released.snapshots[1], 2, "2026-07")
        assert body["next"] is None
        first = body["lines"][0]
        assert first.keys() == {"product", "org", "month", "unconstrained", "constrained", "unit"}
        assert (first["product"], first["org"], first["month"], first["unit"]) == ("SET", "MARKET", "2026-07", "set")
        assert len(body["lines"]) == 18

    def test_its_numbers_are_the_snapshots(self, released, erp):
        lines = erp("plan/consensus/").json()["lines"]
        for name, measure in (("unconstrained", "consensus"), ("constrained", "constrained")):
            frozen = erp(f"snapshots/{released.snapshots[1]}/?measure={measure}&level=leaf").json()
            shown = dict(zip(frozen["months"], frozen["lines"][0]["values"], strict=True))
            assert {line["month"]: line[name] for line in lines} == {
                line["month"]: shown[line["month"]] for line in lines
            }

    def test_pages_hold_every_line_once(self, erp):
        url, months = "plan/consensus/?limit=5", []
        while url:
            body = erp(url).json()
            months += [line["month"] for line in body["lines"]]
            url = body["next"] and body["next"].split(API)[1]
        assert months == sorted(set(months))
        assert len(months) == 18

    def test_a_release_of_other_figures_is_not_named(self, released, erp):
        """Approved anew after a reopening, not yet released: the older release does not carry these figures."""
        Release.objects.filter(number=2).update(snapshot_code="0" * 64)
        body = erp("plan/consensus/").json()
        assert (body["snapshot"], body["release"]) == (released.snapshots[1], None)


class TestReleases:
    def test_latest_by_number_and_listed(self, released, erp):
        latest = erp("releases/latest/").json()
        assert {"number", "cycle", "snapshot", "state", "published_at", "published_by"} <= latest.keys()
        assert (latest["number"], latest["snapshot"], latest["state"]) == (2, released.snapshots[1], "published")
        assert erp("releases/2/").json() == latest
        assert erp("releases/1/").json()["state"] == "superseded"
        assert sorted(row["number"] for row in erp("releases/").json()["results"]) == [1, 2]
        assert erp("releases/9/").json()["code"] == "no_release"

    def test_a_release_whose_plan_was_reopened_says_so(self, released, erp):
        """As the snapshot does; a client that asks with the old entity tag gets it."""
        before = erp("releases/latest/")
        assert before.json()["invalid"] is None
        plan = get_released_version(Release.objects.get(number=2))
        reopen_version(version_id=plan.pk, kind="A", actor=released.people["executive"], reason="line down")
        after = erp("releases/latest/", **{"If-None-Match": before["ETag"]})
        assert after.status_code == 200
        assert after.json()["invalid"] == erp(f"snapshots/{released.snapshots[1]}/").json()["invalid"]
        assert after.json() == before.json() | {"invalid": after.json()["invalid"]}
        assert after.json()["invalid"]["reason"] == "line down"
        assert {row["number"]: bool(row["invalid"]) for row in erp("releases/").json()["results"]} == {
            1: False,
            2: True,
        }

    def test_lines_are_the_production_of_the_approved_snapshot(self, released, erp):
        """Invariant 6: release lines = MPS of snapshot A."""
        for number, snapshot in enumerate(released.snapshots, start=1):
            frozen = erp(f"snapshots/{snapshot}/?measure=production").json()
            made = {
                (line["product"], line["site"], month): value
                for line in frozen["lines"]
                for month, value in zip(frozen["months"], line["values"], strict=True)
                if value
            }
            lines = erp(f"releases/{number}/lines/").json()["lines"]
            assert {(x["product"], x["site"], x["month"]): x["quantity"] for x in lines} == made
            assert [line["line"] for line in lines] == list(range(len(lines)))
            assert {line["unit"] for line in lines} == {"set"}

    def test_the_same_lines_as_pages_sheet_and_json_lines(self, erp):
        whole = erp("releases/2/lines/").json()["lines"]
        url, paged = "releases/2/lines/?limit=4", []
        while url:
            body = erp(url).json()
            paged += body["lines"]
            url = body["next"] and body["next"].split(API)[1]
        assert paged == whole
        sheet = list(csv.DictReader(io.StringIO(erp("releases/2/lines/?format=csv").content.decode())))
        assert [(row["product"], row["site"], row["month"], float(row["quantity"]), row["unit"]) for row in sheet] == [
            (line["product"], line["site"], line["month"], line["quantity"], line["unit"]) for line in whole
        ]
        stream = erp("releases/2/lines/?format=jsonl")
        assert stream["Content-Type"] == "application/jsonl"
        assert [json.loads(line) for line in stream.content.decode().splitlines()] == whole

    def test_a_delta_applied_on_the_older_release_is_the_newer(self, erp):
        """Invariant 6 over REST."""
        old, new = (_as_table(erp(f"releases/{number}/lines/").json()["lines"]) for number in (1, 2))
        delta = erp("releases/2/delta/?from=1").json()
        assert (delta["release"], delta["since"]) == (2, 1)
        for line in delta["lines"]:
            key = line["product"], line["site"], line["month"]
            assert old.get(key) == line["before"]
            if line["after"] is None:
                del old[key]
            else:
                old[key] = line["after"]
        assert old == new
        assert erp("releases/2/delta/?from=2").json()["lines"] == []
        assert erp("releases/2/delta/").status_code == 422

    def test_acknowledging_again_changes_nothing(self, erp):
        assert erp("releases/2/acks/").json() == {"results": []}
        total = len(erp("releases/2/lines/").json()["lines"])
        half = {"status": "partial", "lines_accepted": total - 1, "message": "one line without routing"}
        for _again in range(2):
            first = erp("releases/2/acks/", "post", half, **{"Idempotency-Key": "ack-1"})
            assert first.status_code == 200
        assert erp("releases/2/").json()["state"] == "partly_acknowledged"
        for _again in range(2):
            assert erp("releases/2/acks/", "post", {"status": "accepted"}).json()["lines_accepted"] == total
        assert erp("releases/2/").json()["state"] == "acknowledged"
        assert ReleaseAck.objects.count() == 1
        (row,) = erp("releases/2/acks/").json()["results"]
        assert row.keys() == {"client", "status", "lines_accepted", "message", "at"}
        assert erp("releases/2/acks/", "post", {"status": "partial"}).status_code == 422
        assert erp("releases/2/acks/", "post", {"status": "maybe"}).json()["code"] == "invalid_input"

    def test_somebody_scoped_sees_the_lines_of_the_own_products_only(self, released, erp):
        whole = erp("releases/2/lines/").json()["lines"]
        assert whole
        released.people["sales"].scopes.create(axis="product", code="NOTHING")
        mine = released.person("sales").get(f"{LATEST}lines/").json()
        assert mine["lines"] == []
        sheet = released.person("sales").get(f"{LATEST}lines/?format=csv").content.decode()
        assert sheet.splitlines() == ["line,product,site,month,quantity,unit"]
        delta = released.person("sales").get(f"{API}releases/2/delta/?from=1").json()
        assert delta["lines"] == []


@pytest.mark.parametrize("where", ["plans/working/cells/", "snapshots/{code}/"])
def test_figures_by_site_follow_product_and_scope_too(released, where):
    path = f"{API}{where.format(code=released.snapshots[1])}?measure=production"
    lead = released.person("supply_lead")
    assert [line["product"] for line in lead.get(path).json()["lines"]] == ["SET"]
    assert [line["site"] for line in lead.get(f"{path}&product=ALL").json()["lines"]] == ["PLANT"]
    assert lead.get(f"{path}&product=NOTHING").json()["code"] == "unknown_product"
    other = Product.objects.create(code="OTHER", name="Other", level="sku")
    released.people["production"].scopes.create(axis="product", code=other.code)
    scoped = released.person("production")
    assert scoped.get(path).json()["lines"] == []
    assert scoped.get(f"{path}&product=SET").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "plan/consensus/",
        "releases/latest/",
        "releases/1/",
        "releases/1/lines/",
        "releases/1/lines/?format=csv",
        "releases/2/delta/?from=1",
        "snapshots/{code}/",
        "snapshots/{code}/?measure=constrained&format=csv",
    ],
)
def test_what_cannot_change_is_not_sent_twice(released, erp, path):
    path = path.format(code=released.snapshots[0])
    first = erp(path)
    assert first.status_code == 200
    again = erp(path, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert erp(path, **{"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_a_snapshot_comes_as(released, erp, form):
    answer = erp(f"snapshots/{released.snapshots[0]}/?measure=constrained&format={form}")
    assert answer.status_code == 200
    body = b"".join(answer) if answer.streaming else answer.content
    assert body
    manifest = erp(f"snapshots/{released.snapshots[0]}/").json()
    assert {"snapshot", "kind", "manifest"} <= manifest.keys()
    assert manifest["manifest"]["measures"].keys() >= {"consensus", "constrained", "production"} - {"consensus"}


class TestRefusals:
    @pytest.mark.parametrize(
        "path", ["plans/working/cells/?measure=consensus", "cycles/", "cycles/2026-07/decisions/", "masterdata/costs/"]
    )
    def test_a_token_for_releases_opens_nothing_else(self, erp, path):
        answer = erp(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert answer["Content-Type"] == "application/problem+json"

    def test_a_snapshot_of_a_review_looks_missing_to_the_erp(self, released, erp):
        signed = released.person("coordinator").get(f"{API}cycles/2026-06/steps/demand_review/").json()["signatures"]
        review = next(row["snapshot_code"] for row in signed if row["lead"])
        assert released.person("coordinator").get(f"{API}snapshots/{review}/").status_code == 200
        hidden, missing = erp(f"snapshots/{review}/"), erp("snapshots/0123456789abcdef/")
        assert (hidden.status_code, hidden.json()["code"]) == (missing.status_code, missing.json()["code"])
        assert hidden.status_code == 404

    def test_frozen_figures_name_the_snapshot_and_the_way_back(self, released):
        edit = {
            "measure": "consensus",
            "product": "SET",
            "org": "MARKET",
            "month": "2026-08",
            "value": 5,
            "reason": "x",
        }
        url = f"{API}plans/working/cells:batch"
        answer = released.person("demand_lead").post(url, {"edits": [edit]}, **JSON)
        body = answer.json()
        assert (answer.status_code, body["code"]) == (409, "frozen")
        assert len(body["snapshot"]) == 64
        assert body["snapshot"][:12] in body["detail"] or "reopen" in body["detail"].lower()
        assert "reopen" in json.dumps(body).lower()

    def test_every_refusal_is_a_problem_in_the_callers_language(self, released, erp):
        english, chinese = erp("releases/9/"), erp("releases/9/", **{"Accept-Language": "zh-hans"})
        for answer in (english, chinese):
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json().keys() >= {"type", "title", "status", "detail", "code", "instance"}
            assert (answer.json()["code"], answer.json()["status"]) == ("no_release", 404)
        assert english.json()["detail"] == "There is no such release."
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese.json()["detail"])

    def test_no_or_a_wrong_token_is_asked_for_one(self, erp):
        for headers in ({}, {"Authorization": "Bearer sop_wrong"}, {"Authorization": "Bearer"}):
            answer = Client().get(LATEST, headers=headers)
            assert answer.status_code == 401, headers
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert answer["Content-Type"] == "application/problem+json"


class TestTokens:
    def test_made_once_shown_once_listed_without_secret_revoked_at_once(self, released):
        person = released.person("supply_lead")
        made = person.post(f"{API}tokens/", {"name": "ERP", "scopes": ["plan:read"]}, **JSON)
        assert made.status_code == 201
        secret = {"Authorization": f"Bearer {made.json()['token']}"}
        assert made.json()["token"] not in person.get(f"{API}tokens/").content.decode()
        assert not ApiToken.objects.filter(token_hash=made.json()["token"]).exists()
        assert Client().get(f"{API}plan/consensus/", headers=secret).status_code == 200
        assert Client().get(f"{API}plans/working/cells/?measure=constrained", headers=secret).status_code == 200
        assert (
            Client().post(f"{API}tokens/", {"name": "x", "scopes": ["plan:read"]}, headers=secret, **JSON).status_code
            == 403
        )
        assert person.delete(f"{API}tokens/{made.json()['id']}/").status_code == 204
        assert Client().get(f"{API}plan/consensus/", headers=secret).status_code == 401

    def test_scopes_narrow_the_role_and_never_widen_it(self, released):
        headers = released.token("demand_lead", "plan:read", "plan:write")
        edit = {
            "measure": "consensus",
            "product": "SET",
            "org": "MARKET",
            "month": "2026-08",
            "value": 5,
            "reason": "x",
        }
        batch = f"{API}plans/working/cells:batch"
        assert Client().post(batch, {"edits": [edit]}, headers=headers, **JSON).json()["code"] == "frozen"
        narrow = released.token("demand_lead", "plan:read")
        assert Client().post(batch, {"edits": [edit]}, headers=narrow, **JSON).status_code == 403
        erp = released.token("api_client", "plan:read")
        assert Client().get(f"{API}plans/working/cells/?measure=consensus", headers=erp).status_code == 403

    def test_a_token_never_signs(self, released):
        headers = released.token("executive", "plan:write", "cycle:write")
        answer = Client().post(f"{API}cycles/2026-07/", {"command": "approve"}, headers=headers, **JSON)
        assert answer.status_code == 403


def test_a_snapshots_number_is_the_same_for_every_role(released, erp):
    """Invariant 9: same snapshot code, measure and filter, same number for every role."""
    roles = ("sales", "marketing", "demand_lead", "production", "purchasing", "supply_lead", "finance", "executive")
    readers = [released.person(role) for role in roles]
    for measure in ("consensus", "constrained", "production", "baseline", "stock_end", "load_hours"):
        path = f"snapshots/{released.snapshots[1]}/?measure={measure}&from=2026-07&to=2027-06"
        shown = erp(path).json()
        assert shown["lines"]
        for role, reader in zip(roles, readers, strict=True):
            assert reader.get(f"{API}{path}").json() == shown, (role, measure)


def _as_table(lines) -> dict[tuple[str, str, str], float]:
    return {(line["product"], line["site"], line["month"]): line["quantity"] for line in lines}


_KEYS = st.tuples(
    st.sampled_from(["A", "B", 'C"1,2']), st.sampled_from(["P", "Q"]), st.sampled_from(["2026-06", "2026-07"])
)
_PLANS = st.dictionaries(_KEYS, st.decimals(0, 10**9, places=2, allow_nan=False), max_size=12)


@given(_PLANS, _PLANS)
def test_any_delta_leads_from_any_release_to_any_other(old, new):
    """Invariant 6: delta(m → n) applied on m = n, through the stored bytes."""
    before, after = (_stored(plan) for plan in (old, new))
    assert {(x.product, x.site, x.month): x.quantity for x in after} == new
    result = {(x.product, x.site, x.month): x.quantity for x in before}
    delta = diff_lines(before, after)
    for change in delta:
        key = change.product, change.site, change.month
        assert result.get(key) == change.before
        if change.after is None:
            del result[key]
        else:
            result[key] = change.after
    assert result == new
    assert diff_lines(after, after) == []
    assert len(delta) == len({(c.product, c.site, c.month) for c in delta})


def _stored(plan) -> list[ReleaseLine]:
    lines = [ReleaseLine(*key, quantity=quantity, unit="set") for key, quantity in plan.items()]
    body, sha, count = encode_lines(lines)
    assert (encode_lines(reversed(lines)), count) == ((body, sha, count), len(plan))
    return list(decode_lines(body))

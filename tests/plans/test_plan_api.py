"""The plans over REST, as a grid, a script and an ERP use them."""

import csv
import io

import pytest
from django.test import Client

from plans.models import Batch, Edit
from plans.selectors import load_rollup
from plans.services import freeze_version, preview_spread, reopen_version, save_cells
from tests.factories import make_user
from tests.plans.world import change

JSON = {"content_type": "application/json"}


@pytest.fixture
def api(world):
    """A client per kind of user."""

    def client(role, **options):
        signed_in = Client()
        signed_in.force_login(make_user(role, username=f"{role}-{len(options)}", **options))
        return signed_in

    return {
        "demand": client("demand_lead"),
        "sales": client("sales"),
        "north": client("sales", orgs=("N",), products=("FA",), first_name="North"),
        "finance": client("finance"),
        "executive": client("executive"),
        "supplier": client("supplier"),
        "erp": client("api_client"),
    }


def _url(world, tail):
    return f"/api/v1/plans/{world.version.pk}/{tail}"


def _post(client, world, *edits, mode="partial", key=None, version=None):
    headers = {"Idempotency-Key": key} if key else {}
    url = f"/api/v1/plans/{version or world.version.pk}/cells:batch"
    return client.post(url, {"mode": mode, "edits": list(edits)}, **JSON, headers=headers)


def _edit(value, *, measure="sales", product="A1", org="n1", month="2026-07", **more):
    return {"measure": measure, "product": product, "org": org, "month": month, "value": value, **more}


class TestBatch:
    def test_a_leaf_is_typed_and_read_back(self, world, api):
        answer = _post(api["sales"], world, _edit(120, base=None, reason="promotion", cause="campaign"))
        assert answer.status_code == 200
        assert answer.json()["results"] == [{"status": "applied", "value": 120}]
        assert answer.json()["revision"] == 1
        read = api["sales"].get(_url(world, "cells/?measure=sales&product=A1&org=n1")).json()
        assert read["lines"][0]["values"][:2] == [120, None]
        batch = Batch.objects.get(pk=answer.json()["batch"])
        assert (batch.reason, batch.cause, batch.source) == ("promotion", "campaign", "grid")

    def test_a_stale_base_is_answered_with_theirs(self, world, api):
        world.save(world.edit("sales", "A1", "n1", 50))
        answer = _post(api["sales"], world, _edit(120, base=None))
        (result,) = answer.json()["results"]
        assert (answer.status_code, result["status"], result["value"]) == (200, "conflict", 50)
        assert (result["theirs"]["value"], result["theirs"]["by"]) == (50, "lead")
        assert result["theirs"]["at"]

    def test_a_family_total_is_split_to_leaves(self, world, api):
        world.publish("sales", 10)
        answer = _post(api["sales"], world, _edit(243, product="FA", org=None, base=120, spread="equal"))
        assert answer.json()["results"] == [{"status": "applied", "value": 243}]
        total = load_rollup(version_id=world.version.pk, measure="sales", products=["FA"])
        assert total[0, 0, :2].tolist() == [243, 120]

    def test_a_total_is_compared_with_the_base_of_the_total(self, world, api):
        world.publish("sales", 10)
        answer = _post(api["sales"], world, _edit(243, product="FA", org="N", base=119))
        assert answer.json()["results"][0]["theirs"]["value"] == 60
        assert not Edit.objects.exists()

    def test_the_whole_year_of_a_family_in_one_request(self, world, api):
        world.publish("sales", 10)
        months = [f"2026-{m:02d}" for m in range(7, 13)] + [f"2027-{m:02d}" for m in range(1, 7)]
        edits = [_edit(240, product="FA", org=None, month=month, base=120) for month in months]
        answer = _post(api["sales"], world, *edits, mode="all_or_nothing")
        assert [row["status"] for row in answer.json()["results"]] == ["applied"] * 12
        assert load_rollup(version_id=world.version.pk, measure="sales", products=["FA"])[0, 0].tolist() == [240] * 12

    def test_a_leaf_edited_during_the_split_makes_it_start_again(self, world, api, monkeypatch):
        world.publish("sales", 100)
        disturbed = []

        def disturbing(**options):
            preview = preview_spread(**options)
            if not disturbed:
                disturbed.append(True)
                # A swap of two leaves leaves the total as it was: only the leaves' bases can tell.
                world.save(world.edit("sales", "A1", "n1", 90), world.edit("sales", "A1", "n2", 110))
            return preview

        monkeypatch.setattr("plans.services.requests.preview_spread", disturbing)
        for mode in ("partial", "all_or_nothing"):
            disturbed.clear()
            answer = _post(api["sales"], world, _edit(1_203, product="FA", org=None, base=None), mode=mode)
            assert answer.json()["results"][0]["status"] == "conflict"  # the base of the total was wrong
            disturbed.clear()
            now = int(load_rollup(version_id=world.version.pk, measure="sales", products=["FA"])[0, 0, 0])
            answer = _post(api["sales"], world, _edit(now + 3, product="FA", org=None, base=now), mode=mode)
            assert answer.json()["results"][0]["status"] == "applied"
            assert int(load_rollup(version_id=world.version.pk, measure="sales", products=["FA"])[0, 0, 0]) == now + 3

    def test_all_or_nothing_says_what_stands_in_the_way(self, world, api):
        world.save(world.edit("sales", "A1", "n1", 50))
        answer = _post(api["sales"], world, _edit(1, base=None), _edit(2, org="n2", base=None), mode="all_or_nothing")
        assert answer.status_code == 409
        assert answer.json()["results"][0]["status"] == "conflict"
        assert world.read("sales", "A1", "n2") is None

    def test_typing_keeps_what_applies(self, world, api):
        rows = [
            _edit(1, base=None),
            _edit("1e3", org="n2"),
            _edit(5, org="zz"),
            _edit(-4, org="s1"),
            _edit(3, measure="constrained"),
            _edit(3, month="2031-01", org="s2"),
            _edit(7, measure="nonsense"),
            _edit("1,234", product="B1"),
        ]
        results = _post(api["sales"], world, *rows).json()["results"]
        assert [(r["status"], r.get("code")) for r in results] == [
            ("applied", None),
            ("refused", "not_a_number"),
            ("refused", "unknown_org"),
            ("refused", "below_minimum"),
            ("refused", "not_editable"),
            ("refused", "outside_horizon"),
            ("refused", "unknown_measure"),
            ("applied", None),
        ]
        assert all(row.get("message") for row in results if row["status"] == "refused")
        assert world.read("sales", "B1", "n1") == 1234

    @pytest.mark.parametrize("value", ["NaN", "Infinity", True, [1], {"a": 1}, "12abc"])
    def test_what_is_no_number_changes_nothing(self, world, api, value):
        answer = _post(api["sales"], world, _edit(value))
        assert answer.status_code == 422 or answer.json()["results"][0]["status"] == "refused"
        assert not Edit.objects.exists()

    def test_the_same_key_saves_once(self, world, api):
        first = _post(api["sales"], world, _edit(10, product="FA", org=None, base=None), key="k")
        again = _post(api["sales"], world, _edit(10, product="FA", org=None, base=None), key="k")
        assert first.json() == again.json()
        assert Batch.objects.filter(source="grid").count() == 1
        other = _post(api["sales"], world, _edit(11, product="FA", org=None, base=None), key="k")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    def test_rights_by_measure_and_scope(self, world, api):
        assert _post(api["sales"], world, _edit(5, measure="consensus")).status_code == 403
        assert _post(api["executive"], world, _edit(5)).status_code == 403
        assert _post(api["supplier"], world, _edit(5)).status_code == 403
        mixed = _post(
            api["north"], world, _edit(5), _edit(6, org="s1"), _edit(7, product="B1"), _edit(8, product=None, org="N")
        )
        assert [(r["status"], r.get("code")) for r in mixed.json()["results"]] == [
            ("applied", None),
            ("refused", "outside_scope"),
            ("refused", "outside_scope"),
            ("refused", "outside_scope"),
        ]
        assert Edit.objects.count() == 1

    def test_a_frozen_plan_names_its_snapshot(self, world, api):
        code = freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
        answer = _post(api["sales"], world, _edit(5))
        assert (answer.status_code, answer.json()["code"], answer.json()["snapshot"]) == (409, "frozen", code)
        assert answer["Content-Type"].startswith("application/problem+json")

    def test_clearing_an_override(self, world, api):
        world.publish("proposal", 10)
        _post(api["demand"], world, _edit(15, measure="consensus", base=10, reason="deal"))
        answer = _post(api["demand"], world, _edit(None, measure="consensus", base=15))
        assert answer.json()["results"] == [{"status": "applied", "value": 10}]

    def test_nothing_at_all_is_refused(self, world, api):
        assert _post(api["sales"], world).status_code == 422


class TestSlices:
    def test_levels(self, world, api):
        world.publish("sales", 1)
        world.publish("baseline", 2)
        url = _url(world, "cells/?measure=sales,baseline&product=FA&level=sku,region&from=2026-07&to=2026-08")
        body = api["sales"].get(url).json()
        assert body["months"] == ["2026-07", "2026-08"]
        assert [(li["measure"], li["product"], li["org"], li["values"]) for li in body["lines"]][:2] == [
            ("sales", "A1", "N", [2, 2]),
            ("sales", "A1", "S", [2, 2]),
        ]
        assert len(body["lines"]) == 2 * 3 * 2

    def test_paging(self, world, api):
        world.publish("sales", 1)
        url, seen = _url(world, "cells/?measure=sales&level=leaf&limit=7"), []
        while url:
            body = api["sales"].get(url).json()
            seen += [(line["product"], line["org"]) for line in body["lines"]]
            url = body["next"]
        assert len(seen) == len(set(seen)) == 20

    def test_working_is_the_newest_plan(self, world, api):
        assert api["sales"].get("/api/v1/plans/working/cells/?measure=sales").json()["version"] == world.version.pk

    def test_unchanged_is_not_sent_again(self, world, api):
        first = api["sales"].get(_url(world, "cells/?measure=sales"))
        assert (
            api["sales"].get(_url(world, "cells/?measure=sales"), headers={"If-None-Match": first["ETag"]}).status_code
            == 304
        )
        world.save(world.edit("sales", "A1", "n1", 5))
        assert (
            api["sales"].get(_url(world, "cells/?measure=sales"), headers={"If-None-Match": first["ETag"]}).status_code
            == 200
        )

    def test_scope_limits_totals_and_names(self, world, api):
        world.publish("sales", 1)
        body = api["north"].get(_url(world, "cells/?measure=sales&from=2026-07&to=2026-07")).json()
        assert body["lines"][0]["values"] == [6]
        names = api["north"].get(_url(world, "cells/?measure=sales&level=leaf")).json()["lines"]
        assert {(li["product"], li["org"]) for li in names} == {
            (p, o) for p in ("A1", "A2", "A3") for o in ("n1", "n2")
        }
        assert api["north"].get(_url(world, "cells/?measure=sales&product=FB")).status_code == 404
        assert api["north"].get(_url(world, "cells/?measure=sales&product=ZZ")).status_code == 404

    def test_costs_are_masked(self, world, api):
        assert api["sales"].get(_url(world, "cells/?measure=profit")).status_code == 403
        assert api["finance"].get(_url(world, "cells/?measure=profit")).status_code == 200

    def test_money_comes_in_whole_units(self, world, api):
        world.publish("revenue", 12_345)
        body = api["finance"].get(_url(world, "cells/?measure=revenue&product=A1&org=n1")).json()
        assert (body["lines"][0]["values"][0], body["lines"][0]["unit"]) == (123.45, "money")

    @pytest.mark.parametrize(
        "query", ["measure=", "measure=sales&from=2026-13", "measure=sales&from=2026-08&to=2026-07",
                  "measure=sales&level=moon", "measure=sales&limit=x"]
    )  # fmt: skip
    def test_bad_queries_are_explained(self, world, api, query):
        answer = api["sales"].get(_url(world, f"cells/?{query}"))
        assert answer.status_code == 422
        assert answer.json()["detail"]

    def test_drafts_are_not_for_the_erp(self, world, api):
        assert api["erp"].get(_url(world, "cells/?measure=sales")).status_code == 403
        assert Client().get(_url(world, "cells/?measure=sales")).status_code == 401
        assert api["sales"].get("/api/v1/plans/999999/cells/?measure=sales").status_code == 404

    def test_the_past_of_a_cell(self, world, api):
        _post(api["sales"], world, _edit(5, base=None, reason="promotion"))
        _post(api["sales"], world, _edit(6, base=5))
        url = _url(world, "cells/history/?measure=sales&product=A1&org=n1&month=2026-07")
        rows = api["sales"].get(url).json()["results"]
        assert [(row["before"], row["after"], row["reason"]) for row in rows] == [(5, 6, ""), (None, 5, "promotion")]
        assert api["north"].get(url.replace("n1", "s1")).status_code == 404

    def test_undo_is_for_ones_own(self, world, api):
        batch = _post(api["sales"], world, _edit(5, base=None)).json()["batch"]
        assert api["demand"].post(_url(world, f"batches/{batch}/undo/"), **JSON).status_code == 404
        assert api["sales"].post(_url(world, f"batches/{batch}/undo/"), **JSON).json()["applied"] == 1
        assert world.read("sales", "A1", "n1") is None


class TestScenarios:
    def _new(self, world, client):
        return client.post(_url(world, "scenarios/"), {"name": "What if", "note": "strike"}, **JSON)

    def test_made_listed_edited_merged(self, world, api):
        world.publish("sales", 5)
        made = self._new(world, api["sales"])
        assert made.status_code == 201
        scenario = made.json()["id"]
        assert (
            _post(api["sales"], world, _edit(9, base=5), version=scenario).json()["results"][0]["status"] == "applied"
        )
        assert [row["id"] for row in api["sales"].get(_url(world, "scenarios/")).json()["results"]] == [scenario]
        merged = api["sales"].post(f"/api/v1/plans/{scenario}/merge/", {"measures": ["sales"]}, **JSON)
        assert merged.json()["applied"] == 1
        assert world.read("sales", "A1", "n1") == 9

    def test_a_scenario_is_everybodys_sandbox_but_not_the_plan(self, world, api):
        world.publish("proposal", 5)
        scenario = self._new(world, api["sales"]).json()["id"]
        row = _edit(9, measure="consensus", base=5)
        assert _post(api["sales"], world, row, version=scenario).json()["results"][0]["status"] == "applied"
        denied = api["sales"].post(f"/api/v1/plans/{scenario}/merge/", {"measures": ["consensus"]}, **JSON)
        assert denied.status_code == 403
        assert world.read("consensus", "A1", "n1") == 5
        assert self._new(world, api["executive"]).status_code == 403

    def test_stale_refresh_conflict_expire(self, world, api):
        world.publish("sales", 5)
        scenario = self._new(world, api["sales"]).json()["id"]
        _post(api["sales"], world, _edit(9, base=5), version=scenario)
        world.save(world.edit("sales", "A1", "n1", 6))
        conflict = api["sales"].post(f"/api/v1/plans/{scenario}/merge/", {"measures": ["sales"]}, **JSON)
        assert (conflict.status_code, conflict.json()["code"]) == (409, "merge_conflict")
        assert api["sales"].get(_url(world, "scenarios/")).json()["results"][0]["stale"] == ["sales"]
        assert api["sales"].post(f"/api/v1/plans/{scenario}/refresh/", **JSON).json()["stale"] == []
        assert api["sales"].post(f"/api/v1/plans/{scenario}/expire/", **JSON).json()["state"] == "expired"
        assert _post(api["sales"], world, _edit(1), version=scenario).status_code == 409

    def test_side_by_side(self, world, api):
        world.publish("sales", 5)
        scenario = self._new(world, api["sales"]).json()["id"]
        save_cells(version_id=scenario, edits=[world.edit("sales", "A1", "n1", 8)], actor=world.actor)
        url = _url(world, f"compare/{scenario}/?measure=sales&level=family&from=2026-07&to=2026-07")
        lines = api["sales"].get(url).json()["lines"]
        assert [(li["product"], li["a"], li["b"], li["difference"]) for li in lines] == [
            ("FA", [60], [63], [3]),
            ("FB", [40], [40], [0]),
        ]


class TestSnapshots:
    @pytest.fixture
    def code(self, world):
        world.publish("proposal", 5)
        world.save(world.edit("consensus", "A1", "n1", 8))
        freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
        return freeze_version(version_id=world.version.pk, kind="A", actor=world.actor)

    def test_manifest_and_numbers(self, world, api, code):
        answer = api["sales"].get(f"/api/v1/snapshots/{code}/")
        assert answer.json()["manifest"]["kind"] == "A"
        assert answer.json()["snapshot"] == code
        again = api["sales"].get(f"/api/v1/snapshots/{code}/", headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 304
        body = api["sales"].get(f"/api/v1/snapshots/{code[:12]}/?measure=consensus&product=FA").json()
        assert body["lines"][0]["values"][0] == 63

    def test_csv(self, world, api, code):
        answer = api["sales"].get(f"/api/v1/snapshots/{code}/?measure=consensus&format=csv")
        rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
        assert len(rows) == 20 * 12
        assert rows[0] == {
            "measure": "consensus",
            "product": "A1",
            "org": "n1",
            "month": "2026-07",
            "value": "8",
            "unit": "quantity",
        }

    def test_parquet_where_it_can_be_written(self, world, api, code):
        parquet = pytest.importorskip("pyarrow.parquet")
        answer = api["sales"].get(f"/api/v1/snapshots/{code}/?measure=consensus&format=parquet")
        table = parquet.read_table(io.BytesIO(answer.content))
        assert table.num_rows == 20 * 12
        assert sum(table["value"].to_pylist()) == 5 * 240 + 3

    def test_formulas_in_codes_are_quoted(self, world, api, code):
        from masterdata.models import Product

        change(Product, "A1", code="=cmd|' /C calc'!A0")
        answer = api["sales"].get(f"/api/v1/snapshots/{code}/?measure=consensus&format=csv")
        text = b"".join(answer.streaming_content).decode()
        assert "'=cmd" in text
        assert ",=cmd" not in text

    def test_the_erp_sees_approved_pictures_only(self, world, api, code):
        draft = world.version.snapshots.get(kind="D").code
        assert api["erp"].get(f"/api/v1/snapshots/{code}/").status_code == 200
        assert api["erp"].get(f"/api/v1/snapshots/{draft}/").status_code == 404

    def test_a_reopened_one_says_so(self, world, api, code):
        reopen_version(version_id=world.version.pk, kind="S", actor=world.actor, reason="line down")
        assert api["sales"].get(f"/api/v1/snapshots/{code}/").json()["invalid"]["reason"] == "line down"

    @pytest.mark.parametrize("tail", ["?measure=consensus&format=xml", "?measure=nonsense"])
    def test_what_it_cannot_give(self, api, code, tail):
        assert api["sales"].get(f"/api/v1/snapshots/{code}/{tail}").status_code in (404, 422)

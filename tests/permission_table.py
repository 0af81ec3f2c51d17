"""Who may do what at which door: every route × method, reviewed by hand. A new route needs its row here.

Roles are spelled out on purpose and do not come from ``accounts.policies``: this table is what that one is
checked against. Reading a row: ``allowed`` roles get ``own`` at their own things, ``foreign`` at things of
others and ``missing`` at what does not exist; everybody else gets ``denied``; who is not signed in gets 401 (API)
or is sent to the sign-in page. A request that was denied has changed nothing.

In ``body`` and ``query`` a ``$name`` stands for the own, foreign or missing thing of that name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Outcome(Enum):
    """What an answer amounts to."""

    OK = "2xx or 3xx"
    JUDGED = "let in; business rules may refuse: 2xx, 3xx, 400, 409, 412, 415, 422, 428"
    HIDDEN = "404"
    DENIED = "403"
    UNCHANGED = "any answer below 500, nothing changed"


OK, JUDGED, HIDDEN, DENIED, UNCHANGED = Outcome

PLANNERS = ["sales", "marketing", "demand_lead", "production", "purchasing", "supply_lead", "finance", "coordinator"]
STAFF = [*PLANNERS, "quality", "executive"]
LEADS = ["demand_lead", "supply_lead", "coordinator"]
IMPORTERS = [*LEADS, "finance", "admin", "api_client"]
SIGNED_IN = [*STAFF, "supplier", "admin", "api_client"]
ANYONE = [*SIGNED_IN, "anonymous"]


@dataclass(frozen=True)
class Row:
    """One door. ``seen_by``: roles whose job is to see other people's things of this kind."""

    route: str
    method: str
    allowed: list[str]
    own: Outcome = OK
    foreign: Outcome | None = HIDDEN
    missing: Outcome | dict[str, Outcome] | None = HIDDEN  # for all names, or for some (else hidden)
    denied: Outcome = DENIED
    case: str = ""
    body: dict[str, Any] | None = None
    query: str = ""
    seen_by: list[str] = field(default_factory=list)
    defect: str = ""  # what is known to be wrong behind this door; the test insists on removing it once mended

    def __str__(self) -> str:
        return " ".join(part for part in (self.method, self.route, self.case) if part)


V1 = "api/v1/"
CYCLE = V1 + "cycles/<str:month>/"
STEP = CYCLE + "steps/<str:step>/"
SIGNERS = ["sales", "marketing", "production", "purchasing", "supply_lead", "finance"]


def _on_step(case: str, allowed: list[str], **words: Any) -> Row:
    return Row(STEP, "POST", allowed, own=JUDGED, case=case, body={"command": case, **words})


def _on_cycle(case: str, allowed: list[str], **words: Any) -> Row:
    return Row(CYCLE, "POST", allowed, own=JUDGED, case=case, body={"command": case, **words})


def _on_decision(case: str, allowed: list[str], **words: Any) -> Row:
    route = CYCLE + "decisions/<int:number>/"
    return Row(route, "POST", allowed, own=JUDGED, case=case, body={"command": case, "note": "x", **words})


CYCLES = [
    Row(V1 + "cycles/", "GET", STAFF),
    Row(V1 + "cycles/", "POST", ["coordinator"], body={"month": "2027-03"}),
    Row(CYCLE, "GET", STAFF),
    _on_cycle("start", ["coordinator"]),
    _on_cycle("approve", ["executive"]),
    _on_cycle("release", ["supply_lead"]),
    _on_cycle("close", ["coordinator"]),
    _on_cycle("roll", ["coordinator"]),
    _on_cycle("cancel", ["coordinator"], reason="x"),
    _on_cycle("waive", ["coordinator"], transition="demand_review->supply_review", gate="attendance", reason="x"),
    Row(STEP, "GET", STAFF),
    Row(STEP, "PATCH", ["coordinator"], own=JUDGED, body={"purpose": "x"}),
    _on_step("open", ["coordinator"]),
    _on_step("begin_meeting", LEADS),
    _on_step("submit", [*PLANNERS, "quality"], content={"a": 1}),
    _on_step("co_sign", SIGNERS),
    _on_step("sign", ["demand_lead"]),
    Row(
        V1 + "cycles/<str:month>/steps/<str:step>/",
        "POST",
        ["coordinator"],
        own=JUDGED,
        case="waive",
        body={"command": "waive", "department": "production", "reason": "x"},
    ),
    _on_step("reopen", ["coordinator", "executive"], reason="x"),
    Row(CYCLE + "submissions/", "GET", STAFF),
    Row(CYCLE + "submissions/", "POST", [*PLANNERS, "quality"], body={"content": {"a": 1}}),
    Row(
        CYCLE + "submissions/",
        "POST",
        ["production"],
        case="for production",
        body={"content": {"a": 1}, "department": "production"},
    ),
    Row(STEP + "submissions/<str:department>/attachment/", "GET", STAFF, own=HIDDEN),
]

MEETINGS = [
    Row(CYCLE + "meetings/", "GET", STAFF),
    Row(CYCLE + "meetings/", "POST", LEADS, own=JUDGED, body={"command": "begin", "step": "demand_review"}),
    Row(CYCLE + "decisions/", "GET", STAFF),
    Row(CYCLE + "decisions/", "POST", [*PLANNERS, "executive"], body={"question": "x?"}),
    Row(
        CYCLE + "decisions/supply/",
        "POST",
        [*PLANNERS, "executive"],
        own=HIDDEN,
        body={"options": [987_654]},
    ),  # no shortage, no option
    Row(CYCLE + "decisions/<int:number>/", "GET", STAFF),
    Row(CYCLE + "decisions/<int:number>/", "PATCH", [*PLANNERS, "executive"], own=JUDGED, body={"note": "x"}),
    _on_decision("approve", ["executive"]),
    _on_decision("reject", ["executive"]),
    _on_decision("defer", ["executive"], deferred_to="2026-12-01"),
    _on_decision("escalate", [*PLANNERS, "executive"]),
    _on_decision("implement", STAFF),
    _on_decision("verify", STAFF),
    Row(CYCLE + "actions/", "GET", STAFF),
    Row(CYCLE + "actions/", "POST", STAFF, body={"title": "x", "owner": "sales", "due": "2026-12-01"}),
    Row(CYCLE + "actions/<int:action_id>/", "GET", STAFF),
    Row(
        CYCLE + "actions/<int:action_id>/",
        "POST",
        ["sales", "supply_lead", "coordinator"],  # owner, follower, coordinator
        own=JUDGED,
        body={"command": "begin"},
    ),
    Row(CYCLE + "risks/", "GET", STAFF),
    Row(CYCLE + "risks/", "POST", STAFF, body={"kind": "risk", "title": "x", "probability_percent": 5}),
    Row(CYCLE + "risks/<int:risk_id>/", "GET", STAFF),
    Row(CYCLE + "risks/<int:risk_id>/", "PATCH", STAFF, own=JUDGED, body={"title": "x"}),
    Row(CYCLE + "conflicts/", "GET", STAFF),
    Row(
        CYCLE + "conflicts/",
        "POST",
        [*PLANNERS, "executive"],
        body={"subject": "x", "party_a": "sales", "position_a": "a", "party_b": "finance", "position_b": "b"},
    ),
    Row(CYCLE + "conflicts/<int:conflict_id>/", "GET", STAFF),
    Row(
        CYCLE + "conflicts/<int:conflict_id>/",
        "POST",
        [*PLANNERS, "executive"],
        own=JUDGED,
        body={"state": "decided", "outcome": "x"},
    ),
]

PEOPLE = [
    Row(V1 + "me/", "GET", SIGNED_IN),
    Row(V1 + "tokens/", "GET", [*STAFF, "admin"]),
    Row(V1 + "tokens/", "POST", [*STAFF, "admin"], body={"name": "x", "scopes": ["plan:read"]}),
    Row(V1 + "tokens/<int:token_id>/", "DELETE", [*STAFF, "admin"]),
    Row(V1 + "jobs/", "GET", [*STAFF, "admin", "api_client"]),
    Row(V1 + "jobs/<int:job_id>/", "GET", [*STAFF, "admin", "api_client"], seen_by=["coordinator"]),
    Row(V1 + "jobs/<int:job_id>/", "POST", [*STAFF, "admin", "api_client"], seen_by=["coordinator"]),
    Row(V1 + "jobs/<int:job_id>/cancel/", "POST", [*STAFF, "admin", "api_client"], seen_by=["coordinator"]),
    Row("jobs/", "GET", [*STAFF, "admin", "api_client"]),
    Row("jobs/<int:job_id>/", "GET", [*STAFF, "admin", "api_client"], seen_by=["coordinator"]),
    Row("jobs/<int:job_id>/", "POST", [*STAFF, "admin", "api_client"], seen_by=["coordinator"]),
    Row(V1 + "schema/", "GET", ANYONE),
    Row(V1 + "docs/", "GET", ANYONE),
    Row("jsi18n/", "GET", ANYONE),
    Row("signin/", "GET", ANYONE),
    Row("signin/", "POST", ANYONE, own=JUDGED, body={"username": "x", "password": "x"}),
    Row("signin/", "PUT", ANYONE, own=JUDGED),
    Row("signout/", "POST", ANYONE),
    Row("preferences/", "POST", ANYONE, body={"theme": "dark"}),
]

_READERS = [*STAFF, "admin", "api_client"]
MASTERDATA = [
    Row(V1 + "masterdata/<str:sheet>/", "GET", _READERS),
    Row(V1 + "masterdata/<str:sheet>/<path:key>/", "GET", _READERS),
    Row(
        V1 + "masterdata/<str:sheet>/<path:key>/",
        "PUT",
        ["coordinator", "admin", "api_client"],
        own=JUDGED,
        missing={"key": JUDGED},  # a PUT of a new code makes it
        body={"name": "x"},
    ),
    Row(V1 + "imports/", "GET", IMPORTERS),
    Row(V1 + "imports/", "POST", IMPORTERS, own=JUDGED),
    Row(V1 + "imports/<int:batch_id>/", "GET", IMPORTERS),
    Row(V1 + "imports/<int:batch_id>/fixes/", "POST", IMPORTERS, own=JUDGED, body={"fixes": []}),
    Row(V1 + "imports/<int:batch_id>/commit/", "POST", IMPORTERS, own=JUDGED, body={}),
    Row(V1 + "imports/<int:batch_id>/discard/", "POST", IMPORTERS, own=JUDGED, body={}),
    Row(V1 + "imports/<int:batch_id>/rejected/", "GET", IMPORTERS, own=UNCHANGED),
    Row("import/", "GET", IMPORTERS),
    Row("import/", "POST", IMPORTERS, own=JUDGED),
    Row("import/stored/", "GET", IMPORTERS),
    Row("import/templates/", "GET", IMPORTERS),
    Row("import/templates/<str:sheet>.csv", "GET", IMPORTERS),
    Row("import/<int:batch_id>/", "GET", IMPORTERS),
    Row("import/<int:batch_id>/", "POST", IMPORTERS, own=JUDGED, body={"do": "discard"}),
    Row("import/<int:batch_id>/rejected/", "GET", IMPORTERS, own=UNCHANGED),
]

_CELL = {"measure": "sales", "product": "$product", "org": "$org", "month": "2026-12"}
_PLACE = "product=$product&org=$org"
_ORDER = {"product": "$product", "org": "$org", "quantity": 5, "due_date": "2026-12-10"}
_MARKETERS = ["marketing", "demand_lead"]
_ACTIVITY = {"kind": "promotion", "from_month": "2026-12", "uplift_pct": 5}
_LAUNCH = {"analogues": ["B1"], "first_month": "2027-03"}
DEMAND = [
    Row(V1 + "demand/workbench/", "GET", STAFF, query=_PLACE),
    Row(V1 + "demand/tree/", "GET", STAFF, query=_PLACE),
    Row(V1 + "demand/preview/", "POST", STAFF, own=JUDGED, body={**_CELL, "value": 10}),
    Row(V1 + "demand/comments/", "POST", STAFF, body={**_CELL, "text": "x"}),
    Row(V1 + "demand/comments/", "GET", STAFF, query=_PLACE),
    Row(
        V1 + "demand/advice/",
        "POST",
        STAFF,
        body={"product": "$product", "org": "$org", "cells": [{"measure": "sales", "month": "2026-12", "value": 5}]},
    ),
    Row(V1 + "demand/locks/", "POST", ["sales", "demand_lead"], own=JUDGED, body={"cells": [_CELL], "locked": True}),
    Row(V1 + "demand/forecast/", "POST", LEADS, own=JUDGED),
    Row(V1 + "demand/forecast/node/", "POST", STAFF, own=JUDGED, body={"product": "$product", "org": "$org"}),
    Row(V1 + "demand/proposal/", "POST", ["demand_lead"], own=JUDGED),
    Row(
        V1 + "demand/outliers/",
        "POST",
        LEADS,
        own=JUDGED,
        body={"product": "$product", "org": "$org", "month": "2026-01", "verdict": "keep", "reason": "x"},
    ),
    Row(V1 + "demand/outliers/", "DELETE", LEADS, own=HIDDEN, query=_PLACE + "&month=2026-01"),
    Row("demand/review/", "GET", STAFF),
    Row(
        "demand/review/explain/",
        "POST",
        [*PLANNERS, "executive"],
        body={"product": "A1", "org": "$org", "month": "2026-10", "cause": "market", "note": "x"},
    ),
    Row("demand/assumptions/", "GET", STAFF),
    Row("demand/assumptions/", "POST", [*PLANNERS, "executive"], own=OK, body={"text": "x", "org": "$org"}),
    Row(V1 + "demand/assumptions/check/", "POST", [*PLANNERS, "executive"]),
    Row(V1 + "demand/assumptions/", "GET", STAFF),
    Row(V1 + "demand/assumptions/", "POST", [*PLANNERS, "executive"], body={"text": "x", "org": "$org"}),
    Row(
        V1 + "demand/assumptions/<int:assumption_id>/",
        "POST",
        [*PLANNERS, "executive"],
        body={"state": "at_risk", "note": "x"},
    ),
    Row(V1 + "demand/orders/", "GET", STAFF, query=_PLACE),
    Row(V1 + "demand/orders/", "POST", ["sales", "demand_lead"], body=_ORDER),
    Row(V1 + "demand/orders/<int:order_id>/", "GET", STAFF),
    Row(V1 + "demand/orders/<int:order_id>/", "PATCH", ["sales", "demand_lead"], own=JUDGED, body={"priority": 1}),
    Row(V1 + "demand/workbook/", "GET", STAFF, query=_PLACE),
    Row(V1 + "demand/workbook/", "POST", STAFF, own=JUDGED),
    Row(V1 + "demand/consumption/", "GET", STAFF, query=_PLACE),
    Row(V1 + "demand/near-zone/", "GET", STAFF, query=_PLACE),
    Row(V1 + "demand/flex/", "GET", STAFF),
    Row(V1 + "demand/orders-above/", "GET", STAFF, query=_PLACE),
    Row(V1 + "demand/orders-above/", "POST", ["demand_lead"], query=_PLACE, own=JUDGED),
    Row("demand/orders/", "GET", STAFF, query=_PLACE),
    Row("demand/orders/", "POST", ["demand_lead"], query=_PLACE, own=JUDGED, body={"seen": "x"}),
    Row("demand/take-rates/", "GET", STAFF),
    Row("demand/take-rates/", "POST", STAFF, own=HIDDEN, foreign=None, body={"attribute": "config"}),
    Row("demand/rules/", "GET", STAFF),
    Row("demand/rules/", "POST", STAFF, own=JUDGED, body={"do": "consensus", "kind": "sales"}),
    Row(V1 + "demand/events/", "GET", STAFF),
    Row(V1 + "demand/events/", "POST", _MARKETERS, body={**_ACTIVITY, "product": "$product", "org": "$org"}),
    Row(V1 + "demand/events/<path:event>/", "GET", STAFF),
    Row(V1 + "demand/events/<path:event>/", "PUT", _MARKETERS, own=JUDGED, body=_ACTIVITY),
    Row(V1 + "demand/events/<path:event>/", "DELETE", _MARKETERS, own=JUDGED),
    Row(V1 + "demand/launches/", "GET", STAFF),
    Row(
        V1 + "demand/launches/", "POST", _MARKETERS, own=JUDGED, body={**_LAUNCH, "product": "$product", "org": "$org"}
    ),
    Row(V1 + "demand/launches/", "DELETE", _MARKETERS, query="product=$launch"),
    Row(V1 + "demand/launches/analogues/", "GET", STAFF, query=_PLACE),
    Row(
        V1 + "demand/launches/preview/",
        "POST",
        STAFF,
        own=JUDGED,
        body={"product": "$product", "org": "$org", "analogues": []},
    ),
    Row("demand/activities/", "GET", STAFF),
    Row("demand/explain/", "GET", STAFF, query=_PLACE),
    Row("demand/", "GET", STAFF, query=_PLACE),
    Row("demand/submit/", "POST", STAFF, own=UNCHANGED, body={"note": "x"}),
]

_VERSION = V1 + "plans/<str:version>/"
_MERGE = {"into": "$version", "measures": ["marketing"]}
PLANS = [
    Row(_VERSION + "cells/", "GET", STAFF, query="measure=sales&" + _PLACE),
    Row(_VERSION + "cells/history/", "GET", STAFF, query="measure=sales&month=2026-12&" + _PLACE),
    Row(_VERSION + "passport/", "GET", STAFF, query="measure=sales&" + _PLACE),
    Row(
        _VERSION + "cells:batch",
        "POST",
        ["sales", "demand_lead"],
        own=JUDGED,
        foreign=None,  # answered cell by cell: refused, see tests/plans
        missing={"product": OK, "org": OK},
        body={"mode": "partial", "edits": [{**_CELL, "value": 5}]},
    ),
    Row(_VERSION + "batches/<int:batch>/undo/", "POST", PLANNERS, own=HIDDEN, body={}),
    Row(_VERSION + "scenarios/", "GET", STAFF),
    Row(_VERSION + "scenarios/", "POST", PLANNERS, body={"name": "x"}),
    Row(_VERSION + "refresh/", "POST", PLANNERS, own=JUDGED, body={}),
    Row(_VERSION + "expire/", "POST", PLANNERS, own=JUDGED, body={}),
    Row(_VERSION + "merge/", "POST", ["marketing", "demand_lead"], own=JUDGED, body=_MERGE),
    Row(V1 + "plans/<str:a>/compare/<str:b>/", "GET", STAFF, query="measure=sales"),
    Row(V1 + "snapshots/<str:code>/", "GET", [*STAFF, "api_client"], own=HIDDEN),
]

_TRIED_ORDER = {"kind": "order", "product": "$product", "org": "$org", "month": "2026-12", "quantity": 5}
SUPPLY = [
    Row("supply/", "GET", STAFF),
    Row(V1 + "plans/<int:version>/balance/", "POST", LEADS, own=JUDGED, body={}),
    Row(
        V1 + "plans/<int:version>/what-if/",
        "POST",
        PLANNERS,
        own=JUDGED,
        body={"resource": "LINE", "month": "2026-12"},
    ),
    Row(
        V1 + "plans/<int:version>/trials/",
        "POST",
        PLANNERS,
        own=JUDGED,
        body={"settings": [_TRIED_ORDER]},
    ),
    Row(
        V1 + "plans/<int:version>/trials/keep/",
        "POST",
        PLANNERS,
        own=JUDGED,
        body={"settings": [_TRIED_ORDER]},
    ),
    Row(V1 + "plans/<int:version>/trials/warm/", "POST", PLANNERS, own=JUDGED, body={}),
    Row(V1 + "plans/<int:version>/worth/", "GET", STAFF, own=JUDGED, query="what=hour&code=LINE&month=2026-12"),
    Row(V1 + "plans/<int:version>/options/price/", "POST", STAFF, own=HIDDEN, body={"options": [1]}),
    Row(V1 + "plans/<int:version>/options/pricing/", "GET", STAFF, own=JUDGED),
    Row(V1 + "plans/<int:version>/options/pricing/", "POST", LEADS, own=JUDGED, body={}),
    Row(V1 + "supply/options/<int:option>/scenario/", "POST", PLANNERS, own=HIDDEN, body={}),
]

_POLICY_KEEPERS = ["supply_lead", "coordinator"]
_DISPOSERS = ["purchasing", "production", "quality", "supply_lead"]
_CAPACITY = ["production", "supply_lead"]
_DISPOSITION = {"item": "$product", "site": "PLANT", "kind": "sell", "owner": "finance", "due": "2026-12-31"}
_DEVIATION = {"month": "2026-10", "area": "produced", "product": "$product", "cause": "quality", "note": "x"}
_INVESTMENT = {"resource": "LINE", "name": "x", "kind": "line", "hours_per_month": "10"}
PLANNING = [
    Row("supply/inventory/", "GET", STAFF),
    Row("supply/inventory/", "POST", _DISPOSERS, body=_DISPOSITION),
    Row("supply/long-range/", "GET", STAFF),
    Row("supply/long-range/", "POST", _CAPACITY, body=_INVESTMENT),
    Row("supply/review/", "GET", STAFF),
    Row("supply/review/", "POST", _DISPOSERS, body=_DEVIATION),
    Row("supply/policies/", "GET", STAFF),
    Row("supply/policies/", "POST", _POLICY_KEEPERS, body={"product": "$product", "safety_stock_days": "5"}),
    Row(V1 + "supply/stock/", "GET", STAFF, query="version=$version"),
    Row(V1 + "supply/ageing/", "GET", STAFF, query="version=$version"),
    Row(V1 + "supply/materials/", "GET", STAFF, query="version=$version"),
    Row(V1 + "supply/dispositions/", "GET", STAFF, query="version=$version"),
    Row(V1 + "supply/dispositions/", "POST", _DISPOSERS, own=JUDGED, body=_DISPOSITION),
    Row(V1 + "supply/long-range/", "GET", STAFF, query="version=$version"),
    Row(V1 + "supply/investments/", "GET", [*LEADS, "finance", "executive"]),
    Row(V1 + "supply/investments/", "POST", _CAPACITY, body=_INVESTMENT),
    Row(V1 + "supply/investments/<int:investment>/", "GET", ["production", *LEADS, "finance", "executive"]),
    Row(V1 + "supply/investments/<int:investment>/", "PATCH", _CAPACITY, own=JUDGED, body={"note": "x"}),
    Row(V1 + "supply/investments/<int:investment>/", "DELETE", _CAPACITY, own=JUDGED),
    Row(V1 + "supply/review/", "GET", STAFF, query="version=$version"),
    Row(V1 + "supply/review/", "POST", _DISPOSERS, body=_DEVIATION),
    Row(V1 + "supply/policies/", "GET", STAFF, query="version=$version"),
    Row(V1 + "supply/policies/<str:product>/", "GET", STAFF),
    Row(V1 + "supply/policies/<str:product>/", "PATCH", _POLICY_KEEPERS, own=JUDGED, body={"safety_stock_days": 5}),
]

LOGISTICS = [
    Row("supply/chains/", "GET", STAFF),
    Row("supply/chains/file/", "GET", STAFF, query="plan=$version&format=xlsx"),
    Row("supply/shipping/", "GET", STAFF),
    Row("supply/shipping/file/", "GET", STAFF, query="plan=$version&format=csv"),
    Row("supply/together/", "GET", STAFF, query="product=$product"),
    Row(V1 + "supply/shipping/", "GET", STAFF, query="version=$version"),
]

_ANSWERERS = ["purchasing", "supply_lead", "supplier"]
_ACCEPTORS = ["purchasing", "supply_lead"]
_ANSWERS = {"release": 1, "answers": [{"material": "PACK", "month": "2026-12", "kind": "confirmed"}]}
SUPPLIERS = [  # nothing is published in this world, so there is nothing to answer
    Row("supply/portal/", "GET", _ANSWERERS),
    Row("supply/portal/", "POST", _ANSWERERS, own=HIDDEN, body={"do": "confirm", "release": "1", "material": "PACK"}),
    Row("supply/portal/file/", "GET", _ANSWERERS, own=HIDDEN),
    Row("supply/suppliers/", "GET", STAFF),
    Row("supply/suppliers/", "POST", _ACCEPTORS, own=HIDDEN, body={"answer": "$answer"}),
    Row(V1 + "supply/supplier-plan/", "GET", [*STAFF, "supplier"], own=HIDDEN),
    Row(V1 + "supply/supplier-answers/", "GET", [*STAFF, "supplier"]),
    Row(V1 + "supply/supplier-answers/", "POST", _ANSWERERS, own=HIDDEN, body=_ANSWERS),
    Row(V1 + "supply/supplier-answers/<int:answer>/accept/", "POST", _ACCEPTORS, own=HIDDEN, body={}),
]

_RELEASE_READERS = [*STAFF, "api_client"]
RELEASES = [  # nothing is published in this world, so even the own ones are 404
    Row(V1 + "plan/consensus/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/", "GET", _RELEASE_READERS),
    Row(V1 + "releases/latest/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/latest/lines/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/<int:number>/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/<int:number>/lines/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/<int:number>/delta/", "GET", _RELEASE_READERS, own=HIDDEN, query="from=1"),
    Row(V1 + "releases/<int:number>/acks/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/<int:number>/chains/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/<int:number>/aps/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(V1 + "releases/<int:number>/chains/<str:code>/", "GET", _RELEASE_READERS, own=HIDDEN),
    Row(
        V1 + "releases/<int:number>/acks/",
        "POST",
        ["api_client", "supply_lead", "production"],
        own=HIDDEN,
        body={"state": "full"},
    ),
]

PAGES = [
    Row("", "GET", SIGNED_IN),
    Row("components/", "GET", SIGNED_IN),
    Row("find/", "GET", SIGNED_IN, query="q=A1"),
    Row("presop/", "GET", STAFF),
    Row("executive/", "GET", STAFF),
    Row("meeting/<str:step>/", "GET", STAFF),
    Row("meeting/<str:step>/minutes/", "GET", STAFF, own=HIDDEN),
]


def _button(command: str, allowed: list[str], **words: Any) -> Row:
    """A button of the meeting pages: who may not press it is sent back with a sentence."""
    return Row(
        "cycle/<str:command>/",
        "POST",
        allowed,
        own=JUDGED,
        foreign=None,
        missing=None,
        denied=UNCHANGED,
        case=command,
        body={"step": "demand_review", **words},
    )


BUTTONS = [  # the world stands in the demand review
    _button("start", ["coordinator"]),
    _button("sign", ["demand_lead"]),
    _button("approve", ["executive"]),
    _button("release", ["supply_lead"]),
    _button("close", ["coordinator"]),
    _button("co_sign", SIGNERS),
    _button("begin_meeting", LEADS),
    _button("end_meeting", LEADS),
    _button("attendance", LEADS, user="$person", presence="present"),
    _button("submit", [*PLANNERS, "quality"], note="x"),
    _button("waive_submission", ["coordinator"], department="production", reason="x"),
    _button("waive_gate", ["coordinator"], transition="x", gate="x", reason="x"),
    _button("reopen", ["coordinator"], reason="x"),
    _button("roll", ["coordinator"]),
    _button("build_list", [*PLANNERS, "executive"]),
    _button("accept_gap", [*PLANNERS, "executive"], product="$product", note="x"),
    _button("add_action", STAFF, title="x", owner="sales", due="2026-12-01"),
    _button("decide", ["executive"], number="$number", verdict="rejected", note="x"),
]

ROWS: list[Row] = [
    *CYCLES,
    *MEETINGS,
    *PEOPLE,
    *MASTERDATA,
    *DEMAND,
    *PLANS,
    *SUPPLY,
    *PLANNING,
    *LOGISTICS,
    *SUPPLIERS,
    *RELEASES,
    *PAGES,
    *BUTTONS,
]

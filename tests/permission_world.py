"""The small company the permission test knocks at: one user per role, own, foreign and missing things."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils import timezone

from accounts.choices import Role
from accounts.models import ApiToken, User
from core.models import Job
from cycles.choices import StepState
from cycles.models import Cycle
from demand.models import Assumption, Event, Launch, Order
from masterdata.models import ImportBatch
from meetings.models import ActionItem, Conflict, Decision, Risk
from plans.selectors import get_working_version
from supply.models import Investment
from tests.factories import SmallCompany, make_company, make_cycle, make_user

NOWHERE = 987_654  # an id, number or key nothing has
_UNWATCHED = {"sessions.Session", "axes.AccessLog", "axes.AccessAttempt", "axes.AccessFailureLog"}

# What a name stands for: (own, foreign, missing); foreign None: nobody's own, all share it.
Thing = tuple[Any, Any, Any]


@dataclass
class World:
    """Built once; every request is rolled back."""

    company: SmallCompany
    users: dict[str, User]
    cycle: Cycle
    shared: dict[str, Thing]
    personal: dict[str, Callable[[User], Thing]]

    def thing(self, name: str, user: User) -> Thing:
        return self.personal[name](user) if name in self.personal else self.shared[name]


def build_world() -> World:
    """The cycle of November stands in its demand review, its meeting running; October's cycle is closed."""
    company = make_company()
    scopes: dict[str, dict[str, tuple[str, ...]]] = {
        Role.SALES: {"orgs": ("NORTH",)},
        Role.SUPPLIER: {"suppliers": ("S1",)},
    }
    users = {role: make_user(role, **scopes.get(Role(role), {})) for role in Role.values}
    other = make_cycle("2026-10", state="closed")
    cycle = make_cycle("2026-11", state="demand_review")
    cycle.steps.filter(code="demand_review").update(state=StepState.IN_MEETING)
    own, foreign = (_items(where, users) for where in (cycle, other))
    shared: dict[str, Thing] = {
        "month": ("2026-11", None, "2031-05"),
        "step": ("demand_review", None, "party"),
        "department": ("sales", None, "catering"),
        "number": (own["decision"].number, foreign["decision"].number, NOWHERE),
        "action_id": (own["action"].pk, foreign["action"].pk, NOWHERE),
        "risk_id": (own["risk"].pk, foreign["risk"].pk, NOWHERE),
        "conflict_id": (own["conflict"].pk, foreign["conflict"].pk, NOWHERE),
        "assumption_id": (own["assumption"].pk, None, NOWHERE),
        "launch": (
            Launch.objects.create(product=company.products["B2"], analogues=["B1"]).product.code,
            None,
            "NOTHING",
        ),
        "version": (get_working_version(cycle).pk, None, NOWHERE),
        "a": (get_working_version(cycle).pk, None, NOWHERE),
        "b": (get_working_version(cycle).pk, None, NOWHERE),
        "batch": (NOWHERE, None, NOWHERE),
        "code": ("A-9999-nowhere", None, "A-9999-nowhere"),
        "option": (NOWHERE, None, NOWHERE),  # no shortage, no option
        "answer": (NOWHERE, None, NOWHERE),  # no release, no answer
        "investment": (_investment(company).pk, None, NOWHERE),
        "product": ("A1", None, "NOTHING"),
        "sheet": ("products", None, "party"),
        "key": ("A1", None, "NOTHING"),
        "person": (users[Role.FINANCE].pk, None, NOWHERE),
    }
    stranger = make_user("finance", username="stranger")
    batches = {user.pk: ImportBatch.objects.create(name="own", created_by=user) for user in users.values()}
    jobs = {user.pk: Job.objects.create(kind="forecast", created_by=user) for user in users.values()}
    tokens = {user.pk: _token(user) for user in users.values()}
    foreign_batch = ImportBatch.objects.create(name="foreign", created_by=stranger)
    foreign_job = Job.objects.create(kind="forecast", created_by=stranger)
    foreign_token = _token(stranger)
    order_own, order_foreign = (_order(company, code) for code in ("NORTH-1", "SOUTH-1"))
    near, far = _event(company, "NORTH", "FAIR"), _event(company, "SOUTH", "SHOW")
    personal: dict[str, Callable[[User], Thing]] = {
        "event": lambda user: (near.code, far.code if user.role == Role.SALES else None, "NOTHING"),
        "batch_id": lambda user: (batches[user.pk].pk, foreign_batch.pk, NOWHERE),
        "job_id": lambda user: (jobs[user.pk].pk, foreign_job.pk, NOWHERE),
        "org": lambda user: ("NORTH-1", "SOUTH-1" if user.role == Role.SALES else None, "NOWHERE"),
        "order_id": lambda user: (order_own.pk, order_foreign.pk if user.role == Role.SALES else None, NOWHERE),
        "token_id": lambda user: (tokens[user.pk].pk, foreign_token.pk, NOWHERE),
    }
    return World(company, users, cycle, shared, personal)


def fingerprint() -> str:
    """A hash over every row of every table but sessions and the sign-in log."""
    digest = hashlib.sha256()
    for model in sorted(apps.get_models(include_auto_created=True), key=lambda m: m._meta.label):
        if model._meta.label not in _UNWATCHED:
            digest.update(repr((model._meta.label, list(model.objects.order_by("pk").values_list()))).encode())
    return digest.hexdigest()


def _items(cycle: Cycle, users: dict[str, User]) -> dict[str, Any]:
    """One thing of each kind in a cycle; the second cycle's decision has a number the first does not have."""
    lead, sales, now = users[Role.SUPPLY_LEAD], users[Role.SALES], timezone.now()
    number = 1 if cycle.state != "closed" else 7
    people = {"initiator": lead, "owner": sales, "follower": lead}
    return {
        "decision": Decision.objects.create(
            cycle=cycle, number=number, question="?", state="proposed", proposed_by=lead, proposed_at=now, owner=lead
        ),
        "action": ActionItem.objects.create(
            cycle=cycle, followed_in=cycle, title="Call", due=dt.date(2026, 11, 20), **people
        ),
        "risk": Risk.objects.create(cycle=cycle, kind="risk", title="Rival", probability_percent=50, owner=sales),
        "conflict": Conflict.objects.create(
            cycle=cycle,
            subject="Fair",
            party_a="sales",
            position_a="Build.",
            party_b="production",
            position_b="No hours.",
            raised_by=sales,
            raised_at=now,
        ),
        "assumption": Assumption.objects.create(cycle=cycle, text="Subsidy stays", owner=sales),
    }


def _order(company: SmallCompany, org: str) -> Order:
    return Order.objects.create(
        order=f"SO-{org}",
        product=company.products["A1"],
        org=company.orgs[org],
        quantity=5,
        due_date=dt.date(2026, 12, 10),
    )


def _event(company: SmallCompany, region: str, code: str) -> Event:
    return Event.objects.create(code=code, kind="promotion", from_month=24322, org=company.orgs[region], uplift_pct=5)


def _investment(company: SmallCompany) -> Investment:
    return Investment.objects.create(name="Line 2", kind="line", resource=company.line, hours_per_month=100)


def _token(user: User) -> ApiToken:
    return ApiToken.objects.create(
        user=user,
        name="t",
        prefix="sop_x",
        token_hash=f"{user.pk:064d}",
        scopes=["plan:read"],
        expires_at=timezone.now() + dt.timedelta(days=1),
    )

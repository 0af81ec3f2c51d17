"""Reading releases and the approved plan: what the ERP pulls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import numpy as np
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import is_in_scope
from accounts.selectors import get_scope
from core.errors import Missing
from core.months import format_month
from cycles.choices import CycleState
from cycles.models import Cycle
from masterdata.models import Org, Product, Site
from plans.hierarchy import load_hierarchy
from plans.models import SnapshotInvalidation, Version
from plans.selectors import load_measures
from supply.choices import ReleaseState
from supply.documents import DeltaLine, ReleaseLine, decode_lines, diff_lines
from supply.models import Release, ReleaseDocument

_APPROVED = (CycleState.APPROVED, CycleState.RELEASED, CycleState.CLOSED)


@dataclass(frozen=True)
class ApprovedPlan:
    """The latest approved plan and the release that carries these very figures, when there is one."""

    cycle: Cycle
    version: Version
    release: Release | None


def list_releases() -> QuerySet[Release]:
    """Releases, newest first, with ``invalid_at`` and ``invalid_reason`` where the plan was reopened since."""
    reopened = SnapshotInvalidation.objects.filter(snapshot=OuterRef("snapshot_code"))
    return (
        Release.objects.select_related("cycle", "published_by")
        .annotate(
            invalid_at=Subquery(reopened.values("at")[:1]), invalid_reason=Subquery(reopened.values("reason")[:1])
        )
        .order_by("-number")
    )


def get_release(number: int | None = None) -> Release:
    """A release by number, or the latest. Raises ``Missing``."""
    releases = list_releases()
    found = releases.first() if number is None else releases.filter(number=number).first()
    if found is None:
        raise Missing(_("There is no such release."), code="no_release")
    return found


def find_release_of(version: Version) -> Release | None:
    """The release that carries a plan; None while it is a draft or only approved."""
    if not version.snapshot_code:
        return None
    return list_releases().filter(snapshot_code=version.snapshot_code).first()


def get_released_version(release: Release) -> Version:
    """The frozen plan whose snapshot a release was made from. Raises ``Missing`` when it is kept no more."""
    found = Version.objects.select_related("cycle").filter(snapshot_code=release.snapshot_code).first()
    if found is None:
        raise Missing(_("The plan of this release is not kept any more."), code="no_plan")
    return found


def load_lines(release: Release) -> tuple[ReleaseLine, ...]:
    """The lines of a release, in line order."""
    return _decode(release.document_id)


@lru_cache(maxsize=4)
def _decode(sha: str) -> tuple[ReleaseLine, ...]:
    return tuple(decode_lines(bytes(ReleaseDocument.objects.get(pk=sha).body)))


def list_visible_lines(release: Release, user: User) -> list[tuple[int, ReleaseLine]]:
    """Position in the release and line, of the products in the user's scope."""
    seen = _visible_products(user)
    return [(number, line) for number, line in enumerate(load_lines(release)) if seen(line.product)]


def list_delta(release: Release, since: Release, user: User) -> list[DeltaLine]:
    """What changed from one release to another, of the products in the user's scope."""
    seen = _visible_products(user)
    return [line for line in diff_lines(load_lines(since), load_lines(release)) if seen(line.product)]


def _visible_products(user: User) -> Callable[[str], bool]:
    """Whether a product code lies in the scope; each is looked up once."""
    if get_scope(user).products is None:
        return lambda _code: True
    return cache(lambda code: is_in_scope(user, product=code))


def list_mps_lines(version: Version) -> list[ReleaseLine]:
    """The master production schedule of a plan: every quantity to make, by product, site and month."""
    cycle = version.cycle
    if cycle is None:
        raise ValueError(f"version {version.pk} is of no cycle")
    months = range(cycle.month, cycle.month + cycle.horizon)
    made = load_measures(version_id=version.pk, measures=["production"], months=months)["production"]
    products = dict(Product.objects.values_list("pk", "code"))
    units = dict(Product.objects.values_list("pk", "uom"))
    sites = dict(Site.objects.values_list("pk", "code"))
    rows, columns = np.nonzero(made.values)
    return [
        ReleaseLine(
            products[product],
            sites[site],
            format_month(months[column]),
            Decimal(quantity).scaleb(-made.scale),
            units[product],
        )
        for (product, site), column, quantity in zip(
            made.axis.keys[rows].tolist(), columns.tolist(), made.values[rows, columns].tolist(), strict=True
        )
    ]


def get_approved_plan() -> ApprovedPlan:
    """The plan of the newest approved cycle. Raises ``Missing`` when nothing is approved yet."""
    cycle = Cycle.objects.filter(state__in=_APPROVED).select_related("approved_by").order_by("-month").first()
    version = cycle and Version.objects.filter(cycle=cycle, current=True, snapshot_code__isnull=False).first()
    if cycle is None or not version:
        raise Missing(
            _("No plan is approved yet. The first approval makes it available here."), code="nothing_approved"
        )
    releases = Release.objects.filter(cycle=cycle, snapshot_code=version.snapshot_code)
    release = releases.exclude(state=ReleaseState.SUPERSEDED).first()
    return ApprovedPlan(cycle, version, release)


def list_consensus_lines(
    plan: ApprovedPlan, *, user: User, start: int, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Lines ``start`` … of the approved plan inside the user's scope, and whether more follow.

    A line is a product, an org and a month with unconstrained and constrained demand; months without either are
    left out. Lines are ordered by product, org and month, so a position is a stable cursor of a frozen plan.
    """
    cycle = plan.cycle
    months = range(cycle.month, cycle.month + cycle.horizon)
    cubes = load_measures(version_id=plan.version.pk, measures=["consensus", "constrained"], months=months)
    axis = cubes["consensus"].axis.union(cubes["constrained"].axis.keys)
    wanted, possible = (cubes[code].align(axis) for code in ("consensus", "constrained"))
    visible = load_hierarchy().scope_rows(axis, get_scope(user))
    rows, columns = np.nonzero((wanted.values.astype(bool) | possible.values.astype(bool)) & visible[:, None])
    page = slice(start, start + limit)
    products = {pk: (code, uom) for pk, code, uom in Product.objects.values_list("pk", "code", "uom")}
    orgs = dict(Org.objects.values_list("pk", "code"))
    lines = [
        {
            "product": products[product][0],
            "org": orgs[org],
            "month": format_month(months[column]),
            "unconstrained": _number(wanted.values[row, column], wanted.scale),
            "constrained": _number(possible.values[row, column], possible.scale),
            "unit": products[product][1],
        }
        for row, column, (product, org) in zip(
            rows[page].tolist(), columns[page].tolist(), axis.keys[rows[page]].tolist(), strict=True
        )
    ]
    return lines, start + limit < len(rows)


def _number(smallest: np.int64, scale: int) -> int | float:
    return int(smallest) if scale == 0 else float(Decimal(int(smallest)).scaleb(-scale))

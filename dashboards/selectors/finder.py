"""The finder: anything with a code or a name a person may look for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core.months import format_month
from cycles.selectors import list_cycles
from masterdata.models import Org, Product
from plans.hierarchy import load_hierarchy
from plans.measures import get_measure
from plans.models import Snapshot
from plans.passports import read_code
from plans.policies import can_see_measure

SHOWN = 6
SHORTEST = 2


def find_things(text: str, user: User) -> list[dict[str, str]]:
    """Up to a handful of each kind as ``{label, kind, url}``; only what lies in the person's scope."""
    query = text.strip()
    if len(query) < SHORTEST or not can(user, "plan.read"):
        return []
    return [*_passports(query, user), *_products(query, user), *_orgs(query, user), *_snapshots(query), *_cycles(query)]


def _named(query: str) -> Q:
    return Q(code__icontains=query) | Q(name__icontains=query) | Q(name_zh__icontains=query)


def _products(query: str, user: User) -> Iterator[dict[str, str]]:
    hierarchy, scope = load_hierarchy(), replace(get_scope(user), orgs=None)
    for row in Product.objects.filter(_named(query)).order_by("code")[:SHOWN]:
        if hierarchy.is_in_scope(scope, row.pk, None):
            yield _result(f"{row.label} · {row.code}", _("Product"), "/demand/", product=row.code)


def _orgs(query: str, user: User) -> Iterator[dict[str, str]]:
    hierarchy, scope = load_hierarchy(), replace(get_scope(user), products=None)
    for row in Org.objects.filter(_named(query)).order_by("code")[:SHOWN]:
        if hierarchy.is_in_scope(scope, None, row.pk):
            yield _result(f"{row.label} · {row.code}", _("Region"), "/demand/", org=row.code)


def _passports(query: str, user: User) -> Iterator[dict[str, str]]:
    """The figure a passport's code names; whether the reader may see it is the passport's to say."""
    address = read_code(query)
    if address is None or not can_see_measure(user, get_measure(address.measure)):
        return
    asked = {"passport": str(address.version_id), **address.query}
    place = " · ".join(part for part in (address.product, address.org) if part)
    label = " · ".join(part for part in (str(get_measure(address.measure).label), place) if part)
    yield _result(label, _("Number passport"), "/", **asked)


def _snapshots(query: str) -> Iterator[dict[str, str]]:
    found = Snapshot.objects.filter(code__istartswith=query).select_related("version__cycle")
    for row in found[:SHOWN]:
        cycle = row.version.cycle
        yield _result(row.code[:12], _("Plan code"), "/", **({"cycle": format_month(cycle.month)} if cycle else {}))


def _cycles(query: str) -> Iterator[dict[str, str]]:
    for cycle in list_cycles()[:24]:
        if query in str(cycle):
            yield _result(str(cycle), _("Cycle"), "/", cycle=str(cycle))


def _result(label: str, kind: str, path: str, **query: str) -> dict[str, str]:
    return {"label": label, "kind": kind, "url": f"{path}?{urlencode(query)}"}

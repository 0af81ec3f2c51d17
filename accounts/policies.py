"""Who may do what: one table of action → roles, asked by pages, API, buttons and the permission test.

Deny by default. There is no admin bypass: ``is_superuser`` opens nothing here. A service account or a token
never signs, approves or decides, whatever the role says.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from accounts.choices import Department, Role, ScopeAxis
from accounts.models import User
from accounts.selectors import get_scope
from core.errors import Denied, unknown

_SALES = frozenset({Role.SALES, Role.DEMAND_LEAD})
_MARKETING = frozenset({Role.MARKETING, Role.DEMAND_LEAD})
_LEADS = frozenset({Role.DEMAND_LEAD, Role.SUPPLY_LEAD, Role.COORDINATOR})
_PLANNING = frozenset(
    {
        Role.SALES,
        Role.MARKETING,
        Role.DEMAND_LEAD,
        Role.PRODUCTION,
        Role.PURCHASING,
        Role.SUPPLY_LEAD,
        Role.FINANCE,
        Role.COORDINATOR,
    }
)
_STAFF = _PLANNING | {Role.QUALITY, Role.EXECUTIVE}

POLICY: dict[str, frozenset[Role]] = {
    "stream.edit.sales": _SALES,
    "stream.edit.channel": _SALES,
    "stream.edit.orders": _SALES,
    "stream.edit.stock_building": _SALES,
    "stream.edit.marketing": _MARKETING,
    "stream.edit.product": _MARKETING,
    "stream.edit.finance_view": frozenset({Role.FINANCE}),
    "activity.edit": _MARKETING,
    "consensus.override": frozenset({Role.DEMAND_LEAD}),
    "capacity.edit": frozenset({Role.PRODUCTION, Role.SUPPLY_LEAD}),
    "material.edit": frozenset({Role.PURCHASING, Role.SUPPLY_LEAD, Role.SUPPLIER}),
    "supplier.accept": frozenset({Role.PURCHASING, Role.SUPPLY_LEAD}),
    "policy.edit": frozenset({Role.SUPPLY_LEAD, Role.COORDINATOR}),
    "stock.dispose": frozenset({Role.PURCHASING, Role.PRODUCTION, Role.QUALITY, Role.SUPPLY_LEAD}),
    "deviation.explain": frozenset({Role.PRODUCTION, Role.PURCHASING, Role.QUALITY, Role.SUPPLY_LEAD}),
    "forecast.run": _LEADS,
    "balance.run": _LEADS,
    "scenario.write": _PLANNING,
    "finance.edit": frozenset({Role.FINANCE}),
    "finance.view_costs": _LEADS | {Role.FINANCE, Role.EXECUTIVE},
    "submission.submit": _PLANNING | {Role.QUALITY},
    "step.sign": _PLANNING | {Role.EXECUTIVE},
    "cycle.manage": frozenset({Role.COORDINATOR}),
    "cycle.reopen": frozenset({Role.COORDINATOR, Role.EXECUTIVE}),
    "meeting.record": _LEADS,
    "decision.propose": _PLANNING | {Role.EXECUTIVE},
    "decision.decide": frozenset({Role.EXECUTIVE}),
    "action.write": _STAFF,
    "order.review": frozenset({Role.SALES, Role.PRODUCTION, Role.PURCHASING, Role.SUPPLY_LEAD}),
    "plan.approve": frozenset({Role.EXECUTIVE}),
    "plan.read": _STAFF,
    "release.publish": frozenset({Role.SUPPLY_LEAD}),
    "release.read": _STAFF | {Role.API_CLIENT},
    "release.ack": frozenset({Role.API_CLIENT, Role.SUPPLY_LEAD, Role.PRODUCTION}),
    "masterdata.read": _STAFF | {Role.ADMIN, Role.API_CLIENT},
    "masterdata.edit": frozenset({Role.COORDINATOR, Role.ADMIN, Role.API_CLIENT}),
    "import.run": _LEADS | {Role.FINANCE, Role.ADMIN, Role.API_CLIENT},
    "job.view": _STAFF | {Role.ADMIN, Role.API_CLIENT},
    "audit.view": frozenset({Role.COORDINATOR, Role.EXECUTIVE, Role.ADMIN}),
    "users.manage": frozenset({Role.ADMIN}),
    "token.create": _STAFF | {Role.ADMIN},
}

# Only a person in an own session does these: never a service account, never a bearer token.
PERSONAL_ACTIONS = frozenset(
    {"step.sign", "plan.approve", "decision.decide", "cycle.reopen", "users.manage", "token.create"}
)
# Only for the actor's own department.
DEPARTMENT_ACTIONS = frozenset({"submission.submit", "step.sign"})

_STREAMS = frozenset(action for action in POLICY if action.startswith("stream.edit."))
TOKEN_SCOPES: dict[str, frozenset[str]] = {
    "plan:read": frozenset({"plan.read", "release.read", "masterdata.read", "job.view"}),
    "plan:write": _STREAMS
    | {
        "plan.read",
        "activity.edit",
        "consensus.override",
        "capacity.edit",
        "material.edit",
        "supplier.accept",
        "policy.edit",
        "stock.dispose",
        "deviation.explain",
        "scenario.write",
        "submission.submit",
        "decision.propose",
        "action.write",
        "order.review",
    },
    "supplier:answer": frozenset({"material.edit"}),
    "cycle:write": frozenset({"plan.read", "cycle.manage", "meeting.record"}),
    "finance:read": frozenset({"plan.read", "finance.view_costs"}),
    "finance:write": frozenset({"plan.read", "finance.view_costs", "finance.edit"}),
    "masterdata:read": frozenset({"masterdata.read"}),
    "masterdata:write": frozenset({"masterdata.read", "masterdata.edit"}),
    "import:write": frozenset({"import.run", "job.view"}),
    "release:read": frozenset({"release.read"}),
    "release:ack": frozenset({"release.read", "release.ack"}),
    "release:publish": frozenset({"release.read", "release.publish"}),
    "jobs": frozenset({"job.view", "forecast.run", "balance.run"}),
    "audit:read": frozenset({"audit.view"}),
}

# The trees live in rooms above: they say whether a code lies under one of the scope's nodes.
Containment = Callable[[str, frozenset[str]], bool]
_containment: dict[ScopeAxis, Containment] = {}


def register_containment(axis: ScopeAxis, is_inside: Containment) -> None:
    """Let the room that owns a tree answer whether ``code`` is one of ``nodes`` or below one of them."""
    _containment[axis] = is_inside


def can(
    user: User | None,
    action: str,
    *,
    product: str | None = None,
    org: str | None = None,
    supplier: str | None = None,
    department: Department | str | None = None,
) -> bool:
    """Whether ``user`` may do ``action`` (on this product, org, supplier, for this department).

    An unknown action is a programming error and raises ``KeyError``.
    """
    roles = POLICY[action]
    if user is None or not user.is_active or user.role not in roles:
        return False
    scopes = user.token_scopes
    if action in PERSONAL_ACTIONS and (user.is_service or scopes is not None):
        return False
    if scopes is not None and not any(action in TOKEN_SCOPES.get(scope, ()) for scope in scopes):
        return False
    if department is not None and action in DEPARTMENT_ACTIONS and user.department != department:
        return False
    return is_in_scope(user, product=product, org=org, supplier=supplier)


def is_in_scope(user: User, *, product: str | None = None, org: str | None = None, supplier: str | None = None) -> bool:
    """Whether the codes lie inside the user's scope."""
    if product is None and org is None and supplier is None:
        return True
    scope = get_scope(user)
    return (
        _is_inside(ScopeAxis.PRODUCT, product, scope.products)
        and _is_inside(ScopeAxis.ORG, org, scope.orgs)
        and _is_inside(ScopeAxis.SUPPLIER, supplier, scope.suppliers)
    )


def require(
    user: User | None,
    action: str,
    *,
    product: str | None = None,
    org: str | None = None,
    supplier: str | None = None,
    department: Department | str | None = None,
) -> None:
    """Raise ``Denied`` unless ``can``; ``Missing`` for a code outside the scope, as for one that does not exist."""
    if not can(user, action, department=department):
        raise Denied(
            _("Your role does not allow this. Ask %(roles)s.") % {"roles": _role_names(action)},
            details={"action": action},
        )
    assert user is not None  # can() refused nobody
    for kind, code in (("product", product), ("org", org), ("supplier", supplier)):
        if code is not None and not is_in_scope(user, **{kind: code}):
            raise unknown(kind, code)


def actions_for(user: User | None) -> list[str]:
    """Every action the user may do somewhere, in the table's order."""
    return [action for action in POLICY if can(user, action)]


def _is_inside(axis: ScopeAxis, code: str | None, nodes: frozenset[str] | None) -> bool:
    if code is None or nodes is None or code in nodes:
        return True
    is_inside = _containment.get(axis)
    return is_inside is not None and is_inside(code, nodes)


def _role_names(action: str) -> str:
    return " / ".join(str(role.label) for role in sorted(POLICY[action]))

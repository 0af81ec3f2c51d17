"""Whether a code lies under one of the nodes a user is limited to."""

from __future__ import annotations

from accounts.choices import ScopeAxis
from accounts.policies import register_containment
from masterdata.models import Org, Product


def register() -> None:
    """Called once at start-up. Suppliers form no tree: a supplier's code is in its scope or not."""
    register_containment(ScopeAxis.PRODUCT, lambda code, nodes: _is_under(Product, code, nodes))
    register_containment(ScopeAxis.ORG, lambda code, nodes: _is_under(Org, code, nodes))


def _is_under(model: type[Product] | type[Org], code: str, nodes: frozenset[str]) -> bool:
    seen: set[str] = set()
    current: str | None = code
    while current and current not in seen:
        if current in nodes:
            return True
        seen.add(current)
        current = model.objects.filter(code=current).values_list("parent__code", flat=True).first()
    return False

"""Reading people, scopes and tokens."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request

from accounts.choices import Role, ScopeAxis
from accounts.models import ApiToken, Scope, User

__all__ = ["Scope", "get_actor", "get_scope", "list_people", "list_tokens"]


def get_scope(user: User) -> Scope:
    """The user's scope; read once per user object, so once per request.

    A supplier without a named supplier sees none, instead of all.
    """
    if user.cached_scope is None:
        codes: dict[str, set[str]] = {axis: set() for axis in ScopeAxis.values}
        for axis, code in user.scopes.values_list("axis", "code"):
            codes[axis].add(code)
        nodes = {axis: frozenset(found) or None for axis, found in codes.items()}
        if user.role == Role.SUPPLIER and nodes[ScopeAxis.SUPPLIER] is None:
            nodes[ScopeAxis.SUPPLIER] = frozenset()
        user.cached_scope = Scope(
            products=nodes[ScopeAxis.PRODUCT],
            orgs=nodes[ScopeAxis.ORG],
            suppliers=nodes[ScopeAxis.SUPPLIER],
        )
    return user.cached_scope


def list_tokens(user: User) -> QuerySet[ApiToken]:
    """The user's own tokens, newest first."""
    return ApiToken.objects.filter(user=user).order_by("-pk")


def list_people() -> QuerySet[User]:
    """Active people (no service accounts), by name."""
    return User.objects.filter(is_active=True, is_service=False).order_by("display_name", "username")


def get_actor(request: HttpRequest | Request) -> User:
    """Who sends a request that a view has let in; raises ``TypeError`` for nobody, which is a view left open."""
    if not isinstance(request.user, User):
        raise TypeError("the view asks for an actor before it asks for a right")
    return request.user

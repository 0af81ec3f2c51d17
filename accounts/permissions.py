"""The REST permission: a view names the action each method needs; a view that names none is closed."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.policies import can


class HasAction(BasePermission):
    """Allow a method when the caller may do the view's ``required_actions[method]`` (one, or any of several)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.user is None or not request.user.is_authenticated:
            return False
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS":
            return True
        needed = getattr(view, "required_actions", {}).get(method, ())
        actions = (needed,) if isinstance(needed, str) else needed
        self.message = _("Your role or token does not allow this.")
        return any(can(request.user, action) for action in actions)

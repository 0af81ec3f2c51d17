"""Rights asked from the ground floor. The people room, which lies above, registers its policy table here."""

from __future__ import annotations

from typing import Any, Protocol

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from rest_framework.request import Request


class Policy(Protocol):
    """Answers whether ``user`` may do ``action``."""

    def __call__(self, user: Any, action: str) -> bool: ...


def _deny(user: Any, action: str) -> bool:
    return False


_policy: Policy = _deny


def register_policy(policy: Policy) -> None:
    """Make ``policy`` the answer to ``may``; until then everything is denied."""
    global _policy
    _policy = policy


def may(user: Any, action: str) -> bool:
    """Whether ``user`` may do ``action``, by the one policy table."""
    return _policy(user, action)


def get_person(request: HttpRequest | Request) -> AbstractBaseUser:
    """Who sends a request that a view has let in; raises ``TypeError`` for nobody, which is a view left open."""
    if not isinstance(request.user, AbstractBaseUser):
        raise TypeError("the view asks for a person before it asks for a right")
    return request.user

"""Rights asked from the ground floor. The people room, which lies above, registers its policy table here."""

from __future__ import annotations

from typing import Any, Protocol


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

"""What the rooms above do when a balance is published: the money of the plan follows its quantities."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from core.models import Job

Follower = Callable[[int, User | None], Job]  # (version, actor) → the run it puts in the queue

_followers: dict[str, Follower] = {}


def register_follower(name: str, follower: Follower) -> None:
    """Let a run follow every balance job. A second registration of the name replaces the first."""
    _followers[name] = follower


def enqueue_followers(version_id: int, actor: User | None) -> list[int]:
    """Put what follows a balance in the queue; call inside the transaction that publishes it."""
    return [follower(version_id, actor).pk for follower in _followers.values()]

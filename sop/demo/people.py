"""The people of the demo company: one per role."""

from __future__ import annotations

from accounts.choices import Role, ScopeAxis
from accounts.models import User, UserScope
from core.db import write_transaction
from sop.demo.catalogue import PEOPLE
from sop.demo.words import language, pick, say

PASSWORD = "demo"


def ensure_people(*, with_password: bool = False) -> dict[str, User]:
    """Create who is missing and give everybody name, title and level in the active language; role → who plays it.

    With ``with_password`` everybody gets the demo password; otherwise nobody new can sign in. The first of two
    people of a role plays it.
    """
    players: dict[str, User] = {}
    with write_transaction():
        for username, role, name, title_zh, title, department, level, org in PEOPLE:
            user, created = User.objects.get_or_create(
                username=username, defaults={"role": role, "language": language()}
            )
            user.role, user.department, user.level = role, department, level
            user.display_name, user.title = say(name), pick(title, title_zh)
            if with_password:
                user.set_password(PASSWORD)
            elif created:
                user.set_unusable_password()
            user.save()
            if org:
                UserScope.objects.get_or_create(user=user, axis=ScopeAxis.ORG, code=org)
            if role == Role.SUPPLIER:
                UserScope.objects.get_or_create(user=user, axis=ScopeAxis.SUPPLIER, code=name.upper())
            players.setdefault(role, user)
    return players

"""Writing people and tokens."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.authentication import PREFIX, hash_token
from accounts.models import ApiToken, User
from accounts.policies import TOKEN_SCOPES
from core import audit
from core.db import write_transaction
from core.errors import InvalidInput, Missing

LONGEST_TOKEN_DAYS = 366


def create_token(
    *, user: User, name: str, scopes: Collection[str], days: int = 90, actor: User | None = None
) -> tuple[ApiToken, str]:
    """Make a token for ``user``; the plaintext is returned once and stored nowhere.

    Audit ``accounts.token.created``. Raises ``InvalidInput`` for an unknown scope or an odd life time.
    """
    if unknown := sorted(set(scopes) - TOKEN_SCOPES.keys()):
        raise InvalidInput(
            _("Unknown scope: %(scopes)s. Known: %(known)s.")
            % {"scopes": ", ".join(unknown), "known": ", ".join(TOKEN_SCOPES)},
            code="unknown_scope",
        )
    if not scopes:
        raise InvalidInput(_("A token needs at least one scope."), code="no_scope")
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise InvalidInput(
            _("A token lives between 1 and %(days)d days.") % {"days": LONGEST_TOKEN_DAYS},
            code="invalid_lifetime",
        )
    plaintext = PREFIX + secrets.token_urlsafe(32)
    with write_transaction():
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=plaintext[: len(PREFIX) + 6],
            token_hash=hash_token(plaintext),
            scopes=sorted(set(scopes)),
            expires_at=timezone.now() + timedelta(days=days),
        )
        audit.record(
            chain=audit.SYSTEM,
            actor=actor or user,
            verb="accounts.token.created",
            obj=token,
            detail={"owner": user.username, "prefix": token.prefix, "scopes": token.scopes, "days": days},
        )
    return token, plaintext


def revoke_token(*, token_id: int, actor: User) -> None:
    """Make an own token useless at once; repeating it changes nothing. Audit ``accounts.token.revoked``."""
    with write_transaction():
        token = ApiToken.objects.filter(pk=token_id, user=actor).first()
        if token is None:
            raise Missing(_("There is no such token."))
        if ApiToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=timezone.now()):
            audit.record(
                chain=audit.SYSTEM,
                actor=actor,
                verb="accounts.token.revoked",
                obj=token,
                detail={"prefix": token.prefix},
            )

"""Bearer tokens of API clients: shown once, stored hashed, scoped, expiring."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User

PREFIX = "sop_"
_TOUCH_AFTER = timedelta(minutes=5)  # "last used" to five minutes: a read must not cost a write each time


def hash_token(plaintext: str) -> str:
    """What is stored of a token. Its 256 random bits need no slow hash."""
    return hashlib.sha256(plaintext.encode()).hexdigest()


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer sop_…``: the owner, limited to the token's scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed(_("Write the header as “Authorization: Bearer TOKEN”."))
        token = self._find(parts[1].decode("latin-1"))
        user = token.user
        user.token_scopes = frozenset(token.scopes)
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _find(self, plaintext: str) -> ApiToken:
        now = timezone.now()
        token = (
            ApiToken.objects.select_related("user")
            .filter(token_hash=hash_token(plaintext), revoked_at=None, expires_at__gt=now)
            .filter(user__is_active=True)
            .first()
        )
        if token is None:
            raise AuthenticationFailed(_("The token is unknown, revoked or expired. Create a new one."))
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _TOUCH_AFTER)
        if token.last_used_at is None or token.last_used_at < now - _TOUCH_AFTER:
            ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
        return token

"""People, their scopes and API clients."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from accounts.choices import AttendeeLevel, Department, Role, ScopeAxis


@dataclass(frozen=True)
class Scope:
    """Nodes a user is limited to, by code; ``None`` means the whole axis."""

    products: frozenset[str] | None = None
    orgs: frozenset[str] | None = None
    suppliers: frozenset[str] | None = None

    def __str__(self) -> str:
        """The same text in every process, whatever order its sets have there: entity tags are made of it."""
        return str([None if codes is None else sorted(codes) for codes in (self.products, self.orgs, self.suppliers)])

    @property
    def is_everything(self) -> bool:
        return self.products is None and self.orgs is None and self.suppliers is None


class User(AbstractUser):
    """One person or service account with one role. What the role may do is in ``accounts.policies``."""

    # Per request, not stored: the scopes of the bearer token in use, and the scope read once.
    token_scopes: frozenset[str] | None = None
    cached_scope: Scope | None = None

    role = models.CharField(max_length=16, choices=Role, default=Role.SALES)
    department = models.CharField(max_length=16, choices=Department, default=Department.SALES)
    level = models.CharField(max_length=12, choices=AttendeeLevel, default=AttendeeLevel.MANAGER)
    display_name = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=8, default="en")
    theme = models.CharField(max_length=8, default="light")
    is_service = models.BooleanField(default=False)

    class Meta(AbstractUser.Meta):
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role")]

    def __str__(self) -> str:
        return self.display_name or self.username


class UserScope(models.Model):
    """A node a user is limited to, by code. No row on an axis means the whole axis."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="scopes")
    axis = models.CharField(max_length=12, choices=ScopeAxis)
    code = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "axis", "code"], name="user_scope_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.axis}={self.code}"


class ApiToken(models.Model):
    """A bearer token: shown once, stored hashed, scoped, expiring."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

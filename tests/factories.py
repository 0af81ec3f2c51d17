"""Small real things for tests: people, a company, a cycle. Plain functions, one row or one family each."""

from __future__ import annotations

from typing import Any

from accounts.choices import AttendeeLevel, Department, Role, ScopeAxis
from accounts.models import User, UserScope

# role → department and level of its usual holder
_SEATS: dict[Role, tuple[Department, AttendeeLevel]] = {
    Role.SALES: (Department.SALES, AttendeeLevel.MANAGER),
    Role.MARKETING: (Department.MARKETING, AttendeeLevel.MANAGER),
    Role.DEMAND_LEAD: (Department.SUPPLY, AttendeeLevel.MANAGER),
    Role.PRODUCTION: (Department.PRODUCTION, AttendeeLevel.HEAD),
    Role.PURCHASING: (Department.SUPPLY, AttendeeLevel.MANAGER),
    Role.SUPPLY_LEAD: (Department.SUPPLY, AttendeeLevel.HEAD),
    Role.FINANCE: (Department.FINANCE, AttendeeLevel.HEAD),
    Role.QUALITY: (Department.QUALITY, AttendeeLevel.MANAGER),
    Role.COORDINATOR: (Department.SUPPLY, AttendeeLevel.MANAGER),
    Role.EXECUTIVE: (Department.MANAGEMENT, AttendeeLevel.EXECUTIVE),
    Role.SUPPLIER: (Department.EXTERNAL, AttendeeLevel.MANAGER),
    Role.ADMIN: (Department.IT, AttendeeLevel.CLERK),
    Role.API_CLIENT: (Department.IT, AttendeeLevel.CLERK),
}


def make_user(
    role: str = "sales",
    *,
    username: str | None = None,
    products: tuple[str, ...] = (),
    orgs: tuple[str, ...] = (),
    suppliers: tuple[str, ...] = (),
    **fields: Any,
) -> User:
    """A user in the usual department and level of the role; scopes by code."""
    department, level = _SEATS[Role(role)]
    user = User(
        username=username or role,
        role=role,
        **{"department": department, "level": level, "is_service": role == Role.API_CLIENT, **fields},
    )
    user.set_unusable_password()
    user.save()
    codes = {ScopeAxis.PRODUCT: products, ScopeAxis.ORG: orgs, ScopeAxis.SUPPLIER: suppliers}
    UserScope.objects.bulk_create(
        UserScope(user=user, axis=axis, code=code) for axis, found in codes.items() for code in found
    )
    return user

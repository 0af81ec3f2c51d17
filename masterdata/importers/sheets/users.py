"""users: who works with the plan, in which role and scope. New people get no password; they are given one."""

from __future__ import annotations

from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.choices import Department, Role, ScopeAxis
from accounts.models import User, UserScope
from masterdata.importers.columns import CHOICE, CODES, EMAIL, EMPTY, TEXT, Column, as_text
from masterdata.importers.context import ImportContext
from masterdata.importers.spec import RowChange, SheetChanges, SheetData, SheetSpec, register_sheet

_FIELDS = {
    "role": "role",
    "name": "display_name",
    "email": "email",
    "department": "department",
    "language": "language",
}
_AXES = {"products": ScopeAxis.PRODUCT, "orgs": ScopeAxis.ORG}


class Language(TextChoices):
    EN = "en", _("English")
    ZH = "zh-hans", _("Simplified Chinese")


class UserStore:
    """Users and their scopes; an absent scope column leaves the scope as it is, an empty cell opens the axis."""

    def compare(self, sheet: SheetData, _context: ImportContext) -> SheetChanges:
        """New and changed people; nobody is removed by being left out."""
        stored = {user.username: user for user in User.objects.prefetch_related("scopes")}
        changes = SheetChanges(payload=[])
        for index, row in enumerate(sheet.rows):
            username = sheet["username"][index]
            user = stored.get(username)
            cells = self._differences(sheet, index, user)
            if not cells:
                changes.unchanged += 1
                continue
            kind = "changed" if user else "new"
            changes.new += user is None
            changes.changed += user is not None
            changes.sample.append(RowChange(kind, (username,), row, cells))
            changes.payload.append((index, user))
        changes.digest = repr([(c.kind, c.key, sorted(c.cells.items())) for c in changes.sample])
        return changes

    def _differences(self, sheet: SheetData, index: int, user: User | None) -> dict[str, tuple[str, str]]:
        cells = {}
        for name in sheet.columns:
            if name == "username":
                before: Any = user.username if user else None
            elif name in _AXES:
                before = _scope_codes(user, _AXES[name]) if user else None
            else:
                before = getattr(user, _FIELDS[name]) if user else None
            after = sheet[name][index]
            texts = (as_text(before, None), as_text(after, None))
            if texts[0] != texts[1] and not (after is EMPTY and name in ("department", "language")):
                cells[name] = texts
        return cells

    def write(self, sheet: SheetData, changes: SheetChanges, _context: ImportContext) -> None:
        """Make or change each person, and set the scopes that the sheet names."""
        for index, user in changes.payload:
            if user is None:
                user = User(username=sheet["username"][index])
                user.set_unusable_password()
            for name, attribute in _FIELDS.items():
                value = sheet[name][index] if name in sheet.columns else EMPTY
                if value is not EMPTY:
                    setattr(user, attribute, value)
            if user.role == Role.API_CLIENT:
                user.is_service = True  # a machine owns no step and attends no meeting
            user.save()
            for name, axis in _AXES.items():
                if name in sheet.columns:
                    codes = () if sheet[name][index] is EMPTY else sheet[name][index]
                    UserScope.objects.filter(user=user, axis=axis).delete()
                    UserScope.objects.bulk_create([UserScope(user=user, axis=axis, code=code) for code in codes])


def _scope_codes(user: User, axis: ScopeAxis) -> tuple[str, ...]:
    return tuple(sorted(scope.code for scope in user.scopes.all() if scope.axis == axis))


USERS = register_sheet(
    SheetSpec(
        name="users",
        title=_("Users"),
        order=198,
        aliases=("用户", "人员", "user"),
        action="users.manage",
        key=("username",),
        store=UserStore(),
        columns=(
            Column("username", TEXT, required=True, max_length=150),
            Column("role", CHOICE, required=True, choices=Role),
            Column("name", TEXT, max_length=80, aliases=("姓名",)),
            Column("email", EMAIL),
            Column("department", CHOICE, choices=Department),
            Column("products", CODES, refers_to=("products",)),
            Column("orgs", CODES, refers_to=("orgs",)),
            Column("language", CHOICE, choices=Language),
        ),
    )
)

"""Options of the long range as planners keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import InvalidInput, Missing, unknown
from masterdata.models import Resource
from supply.choices import InvestmentKind
from supply.models import Investment

FIELDS = ("name", "kind", "hours_per_month", "invest", "fixed_cost", "lead_time_months", "note")


def save_investment(
    *,
    values: Mapping[str, Any],
    actor: User,
    investment_id: int | None = None,
    guard: Callable[[Investment], None] = lambda _row: None,
) -> Investment:
    """Add an option, or change one; ``values`` has the fields of ``FIELDS`` and, for a new one, ``resource``.

    ``guard`` sees the stored row, held, before it changes. Audit ``supply.investment.saved`` keeps old and new values.
    Raises ``Denied``, ``Missing``, ``InvalidInput``.
    """
    require(actor, "capacity.edit")
    try:
        with write_transaction():
            if investment_id is None:
                row = Investment(resource=_resource(str(values.get("resource", ""))))
            else:
                guard(row := _hold(investment_id))
            before = {name: getattr(row, name) for name in FIELDS} if row.pk else {}
            for name in FIELDS:
                if name in values:
                    setattr(row, name, values[name])
            _check(row)
            row.updated_by = actor
            row.save()
            after = {name: getattr(row, name) for name in FIELDS}
            changes = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
            audit.record(
                chain=audit.SYSTEM,
                actor=actor,
                verb="supply.investment.saved",
                obj=row,
                detail={"resource": row.resource.code, "changes": changes},
            )
    except IntegrityError as error:
        raise InvalidInput(
            _("There is an option of this name for the resource already. Choose another name."), code="name_taken"
        ) from error
    return row


def remove_investment(
    *, investment_id: int, actor: User, guard: Callable[[Investment], None] = lambda _row: None
) -> None:
    """Take an option off the list. Audit ``supply.investment.removed``."""
    require(actor, "capacity.edit")
    with write_transaction():
        guard(row := _hold(investment_id))
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="supply.investment.removed",
            obj=row,
            detail={"name": row.name, "resource": row.resource.code},
        )
        row.delete()


def _hold(investment_id: int) -> Investment:
    """The row, locked where the database can; SQLite's writers queue anyway. Raises ``Missing``."""
    row = Investment.objects.select_for_update(of=("self",)).select_related("resource").filter(pk=investment_id).first()
    if row is None:
        raise Missing(_("There is no such investment."), code="unknown_investment")
    return row


def _resource(code: str) -> Resource:
    found = Resource.objects.filter(code=code).first()
    if found is None:
        raise unknown("resource", code)
    return found


def _check(row: Investment) -> None:
    """Raise ``InvalidInput`` for what makes no sense."""
    row.name = " ".join(str(row.name).split())
    problems = {
        "name": not row.name or len(row.name) > 120,
        "kind": row.kind not in InvestmentKind.values,
        "hours_per_month": not 0 < (row.hours_per_month or 0) < 1e7,
        "invest": not 0 <= Decimal(row.invest) < Decimal(10**13),
        "fixed_cost": not 0 <= Decimal(row.fixed_cost) < Decimal(10**13),
        "lead_time_months": not 0 <= row.lead_time_months <= 120,
        "note": len(row.note) > 300,
    }
    wrong = [name for name, is_wrong in problems.items() if is_wrong]
    if wrong:
        raise InvalidInput(
            _("Some figures make no sense: a name, more than 0 hours, money from 0 and at most 120 months are needed."),
            code="invalid_investment",
            details={"fields": wrong},
        )

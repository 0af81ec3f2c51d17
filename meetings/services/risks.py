"""Risks and opportunities."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.db import write_transaction
from core.errors import Conflict, InvalidInput
from cycles.models import Cycle
from masterdata.models import Product
from meetings.choices import RiskKind, RiskState
from meetings.models import Risk
from meetings.services.writing import hold_cycle, log, need_text

LARGEST = 10**15
_EDITABLE = {"title", "probability_percent", "units", "money", "mitigation", "owner"}


def add_risk(
    *,
    cycle: Cycle,
    kind: str,
    title: str,
    probability_percent: int,
    actor: User,
    units: int = 0,
    money: int = 0,
    mitigation: str = "",
    product: Product | None = None,
    owner: User | None = None,
) -> Risk:
    """Note a risk or an opportunity with its probability and effect. Audit ``meetings.risk.added``."""
    require(actor, "action.write")
    if kind not in RiskKind.values:
        raise InvalidInput(_("It is a risk or an opportunity."), code="unknown_kind")
    _check_figures(probability_percent=probability_percent, units=units, money=money)
    with write_transaction():
        held = hold_cycle(cycle)
        risk = Risk.objects.create(
            cycle=held,
            kind=kind,
            title=need_text(title, _("Say what may happen."))[:200],
            probability_percent=probability_percent,
            units=units,
            money=money,
            mitigation=mitigation.strip(),
            product=product,
            owner=owner or actor,
        )
        detail = {"kind": kind, "title": risk.title, "probability": probability_percent, "money": money}
        log(held, actor, "risk.added", risk, detail)
    return risk


def edit_risk(*, risk: Risk, actor: User, revision: int | None = None, **changes: Any) -> Risk:
    """Re-assess an open risk. Audit ``meetings.risk.edited``."""
    require(actor, "action.write")
    if unknown := sorted(set(changes) - _EDITABLE):
        raise InvalidInput(_("These cannot be changed: %s.") % ", ".join(unknown), code="unknown_field")
    _check_figures(**{name: changes[name] for name in ("probability_percent", "units", "money") if name in changes})
    if "title" in changes:
        changes["title"] = need_text(changes["title"], _("Say what may happen."))[:200]
    return _update(risk, actor, "risk.edited", revision, **changes)


def close_risk(*, risk: Risk, state: str, actor: User) -> Risk:
    """It happened, or it cannot any more. Audit ``meetings.risk.happened`` or ``closed``."""
    require(actor, "action.write")
    if state not in {RiskState.HAPPENED, RiskState.CLOSED}:
        raise InvalidInput(_("A risk ends as happened or closed."), code="unknown_state")
    risk.refresh_from_db()
    if risk.state == state:
        return risk
    return _update(risk, actor, f"risk.{state}", None, state=state)


def _update(risk: Risk, actor: User, verb: str, revision: int | None, **changes: Any) -> Risk:
    with write_transaction():
        cycle = hold_cycle(risk.cycle)
        rows = Risk.objects.filter(pk=risk.pk, state=RiskState.OPEN)
        if revision is not None:
            rows = rows.filter(revision=revision)
        moved = rows.update(revision=F("revision") + 1, **changes)
        risk.refresh_from_db()
        if not moved:
            raise Conflict(_("Somebody else changed it first."), code="risk_moved", details={"revision": risk.revision})
        log(cycle, actor, verb, risk, {name: str(value) for name, value in changes.items()})
    return risk


def _check_figures(**figures: int) -> None:
    for name, value in figures.items():
        low, high = (0, 100) if name == "probability_percent" else (-LARGEST, LARGEST)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidInput(
                _("%(name)s is a whole number between %(low)d and %(high)d.")
                % {"name": name, "low": low, "high": high},
                code="invalid_figure",
            )

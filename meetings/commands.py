"""What the buttons of the meeting pages do: one function a command, each a call of a service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import get_scope, list_people
from core.db import write_transaction
from core.errors import InvalidInput, Missing
from core.jobs import enqueue_job
from core.models import Job
from core.months import parse_month
from cycles import services as cycles
from cycles.choices import CycleState
from cycles.models import Cycle
from cycles.selectors import get_step
from cycles.transitions import CLOSED_BY, NEXT
from demand.selectors.assumptions import get_assumption
from demand.selectors.deviations import DeviationPlace
from demand.selectors.place import find_place
from masterdata.models import Org, Product
from meetings import services as meetings
from meetings.capacity_form import CAPACITY, read_capacity, record_capacity
from meetings.demand_form import DEMAND, read_demand, record_demand
from meetings.material import TYPED, read_rows, record_rows
from meetings.selectors import get_decision, get_meeting
from meetings.template import MATERIAL
from plans.selectors import get_working_version


@dataclass(frozen=True)
class Request:
    """One click: who, on which cycle and step, with which fields."""

    cycle: Cycle
    actor: User
    fields: Mapping[str, str]
    files: Mapping[str, UploadedFile]

    @property
    def step(self) -> Any:
        return get_step(self.cycle, self.fields.get("step", ""))


def run_command(name: str, request: Request) -> str | Job:
    """Carry out a command; the sentence that says what happened, or the run it started.

    Raises ``Missing`` for an unknown command.
    """
    try:
        command = _COMMANDS[name]
    except KeyError:
        raise Missing(_("There is no such command.")) from None
    return command(request)


def _to(target: CycleState) -> Callable[[Request], str]:
    """A button means one arrow, not whatever comes next: pressed twice, or on an old page, it moves nothing further."""

    def advance(request: Request) -> str:
        moved = cycles.advance_cycle(cycle=request.cycle, to=target, actor=request.actor)
        return _("Done. The cycle is now in “%s”.") % moved.get_state_display()

    return advance


def _sign(request: Request) -> str:
    return _to(CLOSED_BY[request.step.code].target)(request)


def _co_sign(request: Request) -> str:
    cycles.sign_off(step=request.step, department=request.actor.department, actor=request.actor)
    return _("Signed for %s.") % request.actor.get_department_display()


def _begin(request: Request) -> str:
    meetings.begin_meeting(step=request.step, actor=request.actor)
    return _("The meeting has begun. Note who is there.")


def _end(request: Request) -> str:
    meetings.end_meeting(step=request.step, actor=request.actor)
    return _("The meeting is over; its minutes are kept.")


def _attendance(request: Request) -> str:
    user = User.objects.filter(pk=_number(request.fields.get("user", ""))).first()
    if user is None:
        raise Missing(_("There is no such person."))
    row = meetings.record_attendance(
        step=request.step,
        user=user,
        presence=request.fields.get("presence", ""),
        delegate_name=request.fields.get("delegate_name", ""),
        actor=request.actor,
    )
    return _("%(name)s: %(presence)s.") % {"name": user, "presence": row.get_presence_display()}


def _submit(request: Request) -> str:
    department = request.actor.department
    content: dict[str, Any] = {key: request.fields.get(key, "").strip() for key, _label in MATERIAL.get(department, ())}
    fields = request.fields if isinstance(request.fields, QueryDict) else QueryDict()
    rows = read_rows(request.actor, fields.getlist)
    capacity = read_capacity(request.actor, request.cycle, fields.getlist)
    sales = read_demand(request.actor, request.cycle, fields.getlist)
    figures = {key: found for key, found in {TYPED: rows, CAPACITY: capacity, **sales}.items() if found}
    if not figures and not any(content.values()):
        raise InvalidInput(_("Write at least one line before you hand in."), code="empty_material")
    step, is_draft = request.step, "draft" in request.fields
    with write_transaction():  # what is handed in and the figures it states stand or fall together
        cycles.submit_material(
            step=step,
            department=department,
            content=content | figures,
            actor=request.actor,
            draft=is_draft,
            attachment=request.files.get("attachment"),
        )
        if not is_draft:
            record_rows(step=step, rows=rows, actor=request.actor)
            record_capacity(cycle=request.cycle, rows=capacity, actor=request.actor)
            market = content.get("market", "")
            record_demand(cycle=request.cycle, rows=sales.get(DEMAND, []), note=market, actor=request.actor)
    return _("Kept as a draft.") if "draft" in request.fields else _("Handed in.")


def _waive_submission(request: Request) -> str:
    cycles.waive_submission(
        step=request.step,
        department=request.fields.get("department", ""),
        reason=request.fields.get("reason", ""),
        actor=request.actor,
    )
    return _("Waived; the reason is in the trail.")


def _waive_gate(request: Request) -> str:
    following = NEXT.get(request.cycle.state)
    cycles.waive_gate(
        cycle=request.cycle,
        transition=following.name if following else "",
        code=request.fields.get("gate", ""),
        reason=request.fields.get("reason", ""),
        actor=request.actor,
    )
    return _("Waived; the reason is in the trail.")


def _reopen(request: Request) -> str:
    step = cycles.reopen_step(step=request.step, reason=request.fields.get("reason", ""), actor=request.actor)
    return _("“%s” is open again.") % step.get_code_display()


def _roll(request: Request) -> str:
    following = cycles.roll_cycle(cycle=request.cycle, actor=request.actor)
    return _("The cycle of %s has started.") % following


def _build_list(request: Request) -> str:
    made = meetings.build_decision_list(cycle=request.cycle, actor=request.actor)
    return _("%d items were added to the decision list.") % len(made)


def _accept_gap(request: Request) -> str:
    product = Product.objects.filter(pk=_number(request.fields.get("product", ""))).first()
    if product is None:
        raise Missing(_("There is no such product."))
    meetings.accept_gap(
        cycle=request.cycle,
        product=product,
        month=_number(request.fields["month"]) if request.fields.get("month") else None,
        note=request.fields.get("note", ""),
        actor=request.actor,
    )
    return _("The gap is accepted with your note.")


def _apply(request: Request) -> Job:
    return enqueue_job(kind="apply_decisions", scope={"cycle": request.cycle.pk}, actor=request.actor)


def _value(request: Request) -> Job:
    scope = {"version": get_working_version(request.cycle).pk}
    return enqueue_job(kind="finance", scope=scope, actor=request.actor)


def _decide(request: Request) -> str:
    decision = get_decision(request.cycle, _number(request.fields.get("number", "")))
    deferred_to, seen = request.fields.get("deferred_to", ""), request.fields.get("revision", "")
    decided = meetings.decide(
        decision=decision,
        verdict=request.fields.get("verdict", ""),
        option=request.fields.get("option", ""),
        note=request.fields.get("note", ""),
        deferred_to=_date(deferred_to) if deferred_to else None,
        revision=_number(seen) if seen else None,  # the options the page showed: letters may mean others by now
        actor=request.actor,
    )
    return _("Decision %(number)d: %(state)s.") % {"number": decided.number, "state": decided.get_state_display()}


def _add_action(request: Request) -> str:
    fields = request.fields
    owner = list_people().filter(username=fields.get("owner", "")).first()
    if owner is None:
        raise Missing(_("There is no such person."))
    about = _subject(request)
    step = fields.get("step", "")
    action = meetings.add_action(
        cycle=request.cycle,
        title=fields.get("title", ""),
        owner=owner,
        due=_date(fields.get("due", "")),
        meeting=get_meeting(request.step) if step else None,
        actor=request.actor,
        **about,
    )
    return _("Action noted for %(name)s: %(title)s") % {"name": owner, "title": action.title}


def _subject(request: Request) -> dict[str, Any]:
    """The assumption or the deviation an action answers, if it answers one."""
    fields = request.fields
    if number := fields.get("assumption", ""):
        place = find_place(scope=get_scope(request.actor), product=None, org=None)
        return {"assumption": get_assumption(assumption_id=_number(number), place=place)}
    if not fields.get("month", ""):
        return {}
    product = Product.objects.filter(code=fields.get("product", "")).first()
    org = Org.objects.filter(code=fields.get("org", "")).first()
    if product is None or org is None:
        raise Missing(_("There is no such thing, or not for you."))
    try:
        month = parse_month(fields["month"])
    except ValueError:
        raise InvalidInput(_("Write the month as YYYY-MM."), code="invalid_month") from None
    return {"deviation": DeviationPlace(product, org, month)}


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise Missing(_("There is no such thing, or not for you."))
    return int(text)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(_("Write the date as YYYY-MM-DD."), code="invalid_date") from None


_COMMANDS: dict[str, Callable[[Request], str | Job]] = {
    "start": _to(CycleState.COLLECTING),
    "sign": _sign,
    "approve": _to(CycleState.APPROVED),
    "release": _to(CycleState.RELEASED),
    "close": _to(CycleState.CLOSED),
    "co_sign": _co_sign,
    "begin_meeting": _begin,
    "end_meeting": _end,
    "attendance": _attendance,
    "submit": _submit,
    "waive_submission": _waive_submission,
    "waive_gate": _waive_gate,
    "reopen": _reopen,
    "roll": _roll,
    "build_list": _build_list,
    "accept_gap": _accept_gap,
    "add_action": _add_action,
    "decide": _decide,
    "apply_decisions": _apply,
    "value": _value,
}

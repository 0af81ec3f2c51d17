"""REST: meetings, decisions, actions, risks and conflicts of a cycle."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_actor, get_scope
from core.api import ApiView, IdPagination, etag_of, idempotent, page_of, require_match
from core.errors import Missing
from cycles.models import Step
from cycles.selectors import get_cycle, get_step
from demand.selectors.assumptions import get_assumption
from demand.selectors.deviations import DeviationPlace
from demand.selectors.place import find_place
from meetings import selectors, services
from meetings.choices import ActionState, DecisionState
from meetings.masking import keep_hidden
from meetings.models import ActionItem, Decision, Meeting
from meetings.serializers import (
    ActionCommandSerializer,
    ActionSerializer,
    ConflictCommandSerializer,
    ConflictSerializer,
    DecisionCommandSerializer,
    DecisionEditSerializer,
    DecisionSerializer,
    MeetingCommandSerializer,
    MeetingSerializer,
    NewActionSerializer,
    NewConflictSerializer,
    NewDecisionSerializer,
    NewRiskSerializer,
    RiskEditSerializer,
    RiskSerializer,
    SupplyQuestionSerializer,
)
from plans.policies import SEE_COSTS


def _read(form_class: type[BaseSerializer], request: Request, **options: Any) -> dict[str, Any]:
    form = form_class(data=request.data, **options)
    form.is_valid(raise_exception=True)
    return form.validated_data


def _etag(row: Any) -> str:
    return etag_of(row._meta.label_lower, row.pk, row.revision)


def _context(request: Request) -> dict[str, Any]:
    """What the serializers must know of the reader."""
    return {"sees_costs": can(get_actor(request), SEE_COSTS)}


def _show(request: Request, row: Model, serializer: type[BaseSerializer], status: int = HTTPStatus.OK) -> Response:
    headers = {"ETag": _etag(row)} if hasattr(row, "revision") else None
    return Response(serializer(row, context=_context(request)).data, status=status, headers=headers)


class MeetingListView(ApiView):
    """The meetings that count; POST takes a command for the meeting of a step."""

    required_actions = {"GET": "plan.read", "POST": "meeting.record"}

    @extend_schema(responses=page_of(MeetingSerializer))
    def get(self, request: Request, month: str) -> Response:
        rows = get_cycle(month).meetings.select_related("step", "chair", "cycle").filter(voided_at=None)
        body = MeetingSerializer(rows.order_by("step__position"), many=True).data
        return Response({"results": body, "next": None})

    @extend_schema(request=MeetingCommandSerializer, responses=MeetingSerializer)
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        cycle = get_cycle(month)
        given = _read(MeetingCommandSerializer, request)
        step = get_step(cycle, given["step"])
        _MEETING_COMMANDS[given["command"]](step, given, get_actor(request))
        meeting = selectors.get_meeting(step)
        if meeting is None:
            raise Missing(_("There is no such meeting."))
        return _show(request, meeting, MeetingSerializer)


class DecisionListView(ApiView):
    """The decision list, open and dear items first; POST proposes an item."""

    required_actions = {"GET": "plan.read", "POST": "decision.propose"}

    @extend_schema(responses=page_of(DecisionSerializer))
    def get(self, request: Request, month: str) -> Response:
        rows = selectors.list_decisions(get_cycle(month))
        return Response({"results": DecisionSerializer(rows, many=True, context=_context(request)).data, "next": None})

    @extend_schema(request=NewDecisionSerializer, responses={201: DecisionSerializer})
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        cycle = get_cycle(month)
        given = _read(NewDecisionSerializer, request)
        decision = services.propose_decision(cycle=cycle, actor=get_actor(request), **given)
        return _show(request, decision, DecisionSerializer, HTTPStatus.CREATED)


class SupplyQuestionView(ApiView):
    """Ways out of a bottleneck, or balanced scenarios, onto the decision list with their priced effects."""

    required_actions = {"POST": "decision.propose"}

    @extend_schema(request=SupplyQuestionSerializer, responses={201: DecisionSerializer})
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        cycle = get_cycle(month)
        given = _read(SupplyQuestionSerializer, request)
        decision = services.ask_about_supply(cycle=cycle, actor=get_actor(request), **given)
        return _show(request, decision, DecisionSerializer, HTTPStatus.CREATED)


class DecisionView(ApiView):
    """One item; PATCH edits it (needs ``If-Match``), POST decides, escalates, implements or verifies it."""

    required_actions = {
        "GET": "plan.read",
        "PATCH": "decision.propose",
        "POST": ("decision.decide", "decision.propose", "action.write"),
    }

    @extend_schema(responses=DecisionSerializer)
    def get(self, request: Request, month: str, number: int) -> Response:
        return _show(request, selectors.get_decision(get_cycle(month), number), DecisionSerializer)

    @extend_schema(request=DecisionEditSerializer, responses=DecisionSerializer)
    def patch(self, request: Request, month: str, number: int) -> Response:
        decision = selectors.get_decision(get_cycle(month), number)
        require_match(request, _etag(decision))
        given = _read(DecisionEditSerializer, request, partial=True)
        if "options" in given and not can(get_actor(request), SEE_COSTS):
            given["options"] = keep_hidden(given["options"], decision.options)
        actor = get_actor(request)
        edited = services.edit_decision(decision=decision, actor=actor, revision=decision.revision, **given)
        return _show(request, edited, DecisionSerializer)

    @extend_schema(request=DecisionCommandSerializer, responses=DecisionSerializer)
    @idempotent
    def post(self, request: Request, month: str, number: int) -> Response:
        decision = selectors.get_decision(get_cycle(month), number)
        given = _read(DecisionCommandSerializer, request)
        moved = _DECISION_COMMANDS[given["command"]](decision, given, get_actor(request))
        return _show(request, moved, DecisionSerializer)


class ActionListView(ApiView):
    """Actions followed in the cycle, by due date; POST adds one."""

    required_actions = {"GET": "plan.read", "POST": "action.write"}

    @extend_schema(responses=page_of(ActionSerializer))
    def get(self, request: Request, month: str) -> Response:
        pages = IdPagination()
        rows = pages.paginate_queryset(selectors.list_actions(get_cycle(month)), request, view=self)
        return pages.get_paginated_response(ActionSerializer(rows, many=True).data)

    @extend_schema(request=NewActionSerializer, responses={201: ActionSerializer})
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        cycle = get_cycle(month)
        given = _read(NewActionSerializer, request)
        if (number := given.pop("decision", None)) is not None:
            given["decision"] = selectors.get_decision(cycle, number)
        if (assumption_id := given.pop("assumption", None)) is not None:
            place = find_place(scope=get_scope(get_actor(request)), product=None, org=None)
            given["assumption"] = get_assumption(assumption_id=assumption_id, place=place)
        if (where := given.pop("deviation", None)) is not None:
            given["deviation"] = DeviationPlace(**where)
        action = services.add_action(cycle=cycle, actor=get_actor(request), **given)
        return _show(request, action, ActionSerializer, HTTPStatus.CREATED)


class ActionView(ApiView):
    """One action; POST moves it on."""

    required_actions = {"GET": "plan.read", "POST": "action.write"}

    @extend_schema(responses=ActionSerializer)
    def get(self, request: Request, month: str, action_id: int) -> Response:
        return _show(request, selectors.get_action(get_cycle(month), action_id), ActionSerializer)

    @extend_schema(request=ActionCommandSerializer, responses=ActionSerializer)
    @idempotent
    def post(self, request: Request, month: str, action_id: int) -> Response:
        action = selectors.get_action(get_cycle(month), action_id)
        given = _read(ActionCommandSerializer, request)
        return _show(request, _move_action(action, given, get_actor(request)), ActionSerializer)


class RiskListView(ApiView):
    """Risks and opportunities, largest expected money first; POST adds one."""

    required_actions = {"GET": "plan.read", "POST": "action.write"}

    @extend_schema(responses=page_of(RiskSerializer))
    def get(self, request: Request, month: str) -> Response:
        rows = selectors.list_risks(get_cycle(month))
        return Response({"results": RiskSerializer(rows, many=True, context=_context(request)).data, "next": None})

    @extend_schema(request=NewRiskSerializer, responses={201: RiskSerializer})
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        cycle = get_cycle(month)
        risk = services.add_risk(cycle=cycle, actor=get_actor(request), **_read(NewRiskSerializer, request))
        return _show(request, risk, RiskSerializer, HTTPStatus.CREATED)


class RiskView(ApiView):
    """One risk; PATCH re-assesses or ends it (needs ``If-Match``)."""

    required_actions = {"GET": "plan.read", "PATCH": "action.write"}

    @extend_schema(responses=RiskSerializer)
    def get(self, request: Request, month: str, risk_id: int) -> Response:
        return _show(request, selectors.get_risk(get_cycle(month), risk_id), RiskSerializer)

    @extend_schema(request=RiskEditSerializer, responses=RiskSerializer)
    def patch(self, request: Request, month: str, risk_id: int) -> Response:
        risk = selectors.get_risk(get_cycle(month), risk_id)
        require_match(request, _etag(risk))
        given = _read(RiskEditSerializer, request, partial=True)
        state = given.pop("state", None)
        if given:
            risk = services.edit_risk(risk=risk, actor=get_actor(request), revision=risk.revision, **given)
        if state:
            risk = services.close_risk(risk=risk, state=state, actor=get_actor(request))
        return _show(request, risk, RiskSerializer)


class ConflictListView(ApiView):
    """Conflicts of departments; POST logs one with both positions."""

    required_actions = {"GET": "plan.read", "POST": "decision.propose"}

    @extend_schema(responses=page_of(ConflictSerializer))
    def get(self, request: Request, month: str) -> Response:
        rows = selectors.list_conflicts(get_cycle(month))
        return Response({"results": ConflictSerializer(rows, many=True).data, "next": None})

    @extend_schema(request=NewConflictSerializer, responses={201: ConflictSerializer})
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        cycle = get_cycle(month)
        given = _read(NewConflictSerializer, request)
        conflict = services.raise_conflict(cycle=cycle, actor=get_actor(request), **given)
        return _show(request, conflict, ConflictSerializer, HTTPStatus.CREATED)


class ConflictView(ApiView):
    """One conflict; POST ends it decided, escalated or deferred."""

    required_actions = {"GET": "plan.read", "POST": "decision.propose"}

    @extend_schema(responses=ConflictSerializer)
    def get(self, request: Request, month: str, conflict_id: int) -> Response:
        return _show(request, selectors.get_conflict(get_cycle(month), conflict_id), ConflictSerializer)

    @extend_schema(request=ConflictCommandSerializer, responses=ConflictSerializer)
    @idempotent
    def post(self, request: Request, month: str, conflict_id: int) -> Response:
        conflict = selectors.get_conflict(get_cycle(month), conflict_id)
        given = _read(ConflictCommandSerializer, request)
        settled = services.settle_conflict(conflict=conflict, actor=get_actor(request), **given)
        return _show(request, settled, ConflictSerializer)


def _record_attendance(step: Step, given: dict[str, Any], user: User) -> object:
    return services.record_attendance(
        step=step,
        user=given["user"],
        presence=given["presence"],
        delegate_name=given["delegate_name"],
        level=given.get("level", ""),
        actor=user,
    )


def _save_agenda(step: Step, given: dict[str, Any], user: User) -> Meeting:
    items = [(item["title"], item["minutes"]) for item in given.get("items", [])]
    return services.save_agenda(step=step, items=items, actor=user)


_MEETING_COMMANDS: dict[str, Callable[[Step, dict[str, Any], User], object]] = {
    "begin": lambda step, given, user: services.begin_meeting(step=step, actor=user),
    "attendance": _record_attendance,
    "agenda": _save_agenda,
    "end": lambda step, given, user: services.end_meeting(step=step, actor=user),
}


def _decide(verdict: str) -> Callable[[Decision, dict[str, Any], User], Decision]:
    return lambda decision, given, user: services.decide(
        decision=decision,
        verdict=verdict,
        option=given["option"],
        deferred_to=given["deferred_to"],
        note=given["note"],
        actor=user,
    )


_DECISION_COMMANDS: dict[str, Callable[[Decision, dict[str, Any], User], Decision]] = {
    "approve": _decide(DecisionState.APPROVED),
    "reject": _decide(DecisionState.REJECTED),
    "defer": _decide(DecisionState.DEFERRED),
    "escalate": lambda decision, given, user: services.escalate(decision=decision, note=given["note"], actor=user),
    "implement": lambda decision, given, user: services.implement(decision=decision, note=given["note"], actor=user),
    "verify": lambda decision, given, user: services.verify_decision(decision=decision, actor=user),
}
_ACTION_STATES = {
    "begin": ActionState.IN_PROGRESS,
    "done": ActionState.DONE,
    "reopen": ActionState.OPEN,
    "cancel": ActionState.CANCELLED,
}


def _move_action(action: ActionItem, given: dict[str, Any], user: User) -> ActionItem:
    if given["command"] == "verify":
        return services.verify_action(action=action, actor=user)
    state = _ACTION_STATES[given["command"]]
    return services.move_action(action=action, state=state, actor=user, result=given["result"])

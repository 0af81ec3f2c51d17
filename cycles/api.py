"""REST: cycles, their steps and the departments' material. Commands are POSTs; ``available_actions`` lists them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import PurePath
from typing import Any

from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.selectors import get_actor
from core.api import ApiView, IdPagination, etag_of, idempotent, is_not_modified, not_modified, page_of, require_match
from core.errors import Missing
from core.months import parse_month
from core.parsers import FiniteJsonParser
from cycles import services
from cycles.choices import CycleState
from cycles.models import Cycle, Step
from cycles.selectors import get_cycle, get_step, get_submission, list_cycles, list_submissions
from cycles.serializers import (
    CycleCommandSerializer,
    CycleDetailSerializer,
    CycleSerializer,
    NewCycleSerializer,
    NewSubmissionSerializer,
    StepCommandSerializer,
    StepEditSerializer,
    StepSerializer,
    SubmissionSerializer,
)


class CycleListView(ApiView):
    """All cycles; POST starts one."""

    required_actions = {"GET": "plan.read", "POST": "cycle.manage"}

    @extend_schema(responses=page_of(CycleSerializer))
    def get(self, request: Request) -> Response:
        pages = IdPagination()
        rows = pages.paginate_queryset(list_cycles(), request, view=self)
        return pages.get_paginated_response(CycleSerializer(rows, many=True).data)

    @extend_schema(request=NewCycleSerializer, responses={201: CycleDetailSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        form = NewCycleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        month, horizon = parse_month(form.validated_data["month"]), form.validated_data["horizon"]
        cycle = services.start_cycle(month=month, actor=get_actor(request), horizon=horizon)
        return _show_cycle(cycle, get_actor(request), HTTPStatus.CREATED)


class CycleView(ApiView):
    """One cycle with steps, gates and what the caller can do; POST takes a command."""

    required_actions = {
        "GET": "plan.read",
        "POST": ("cycle.manage", "plan.approve", "release.publish"),
    }

    @extend_schema(responses=CycleDetailSerializer)
    def get(self, request: Request, month: str) -> Response:
        return _show_cycle(get_cycle(month), get_actor(request))

    @extend_schema(request=CycleCommandSerializer, responses=CycleDetailSerializer)
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        form = CycleCommandSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        cycle, given = get_cycle(month), form.validated_data
        moved = _CYCLE_COMMANDS[given["command"]](cycle, given, get_actor(request))
        return _show_cycle(moved, get_actor(request))


class StepView(ApiView):
    """One step; POST takes a command, PATCH changes owner, lists and dates (needs ``If-Match``)."""

    required_actions = {
        "GET": "plan.read",
        "POST": ("cycle.manage", "step.sign", "plan.approve", "submission.submit", "meeting.record", "cycle.reopen"),
        "PATCH": "cycle.manage",
    }

    @extend_schema(responses=StepSerializer)
    def get(self, request: Request, month: str, step: str) -> Response:
        found = get_step(get_cycle(month), step)
        etag = _step_etag(found)
        if is_not_modified(request, etag):
            return not_modified(etag)
        return Response(StepSerializer(found).data, headers={"ETag": etag})

    @extend_schema(request=StepCommandSerializer, responses=StepSerializer)
    @idempotent
    def post(self, request: Request, month: str, step: str) -> Response:
        found = get_step(get_cycle(month), step)
        form = StepCommandSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        _STEP_COMMANDS[form.validated_data["command"]](found, form.validated_data, get_actor(request))
        found = get_step(get_cycle(month), step)
        return Response(StepSerializer(found).data, headers={"ETag": _step_etag(found)})

    @extend_schema(request=StepEditSerializer, responses=StepSerializer)
    def patch(self, request: Request, month: str, step: str) -> Response:
        found = get_step(get_cycle(month), step)
        require_match(request, _step_etag(found))
        form = StepEditSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        edited = services.edit_step(step=found, actor=get_actor(request), **form.validated_data)
        return Response(StepSerializer(edited).data, headers={"ETag": _step_etag(edited)})


class SubmissionListView(ApiView):
    """What the departments handed in; POST hands in the own department's material, as JSON or with a file."""

    required_actions = {"GET": "plan.read", "POST": "submission.submit"}
    parser_classes = [FiniteJsonParser, MultiPartParser]

    @extend_schema(responses=page_of(SubmissionSerializer))
    def get(self, request: Request, month: str) -> Response:
        rows = list_submissions(get_cycle(month))
        return Response({"results": SubmissionSerializer(rows, many=True).data, "next": None})

    @extend_schema(request=NewSubmissionSerializer, responses={201: SubmissionSerializer})
    @idempotent
    def post(self, request: Request, month: str) -> Response:
        cycle = get_cycle(month)
        form = NewSubmissionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        submission = services.submit_material(
            step=get_step(cycle, given["step"]),
            department=given.get("department", get_actor(request).department),
            content=given["content"],
            actor=get_actor(request),
            draft=given["draft"],
            attachment=given.get("attachment"),
        )
        return Response(SubmissionSerializer(submission).data, status=HTTPStatus.CREATED)


class AttachmentView(ApiView):
    """The file of a department's material, as a download."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, month: str, step: str, department: str) -> FileResponse:
        submission = get_submission(get_step(get_cycle(month), step), department)
        if not submission.attachment:
            raise Missing(_("No file was attached."))
        return FileResponse(
            submission.attachment.open(),
            as_attachment=True,
            filename=PurePath(submission.attachment.name or "").name,
            content_type="application/octet-stream",
        )


def _show_cycle(cycle: Cycle, user: User, status: int = HTTPStatus.OK) -> Response:
    return Response(CycleDetailSerializer(cycle, context={"user": user}).data, status=status)


def _step_etag(step: Step) -> str:
    return etag_of("step", step.pk, step.revision)


def _waive_gate(cycle: Cycle, given: dict[str, Any], user: User) -> Cycle:
    services.waive_gate(
        cycle=cycle, transition=given["transition"], code=given["gate"], reason=given["reason"], actor=user
    )
    return get_cycle(cycle.month)


_CYCLE_COMMANDS: dict[str, Callable[[Cycle, dict[str, Any], User], Cycle]] = {
    "start": lambda cycle, given, user: services.advance_cycle(cycle=cycle, to=CycleState.COLLECTING, actor=user),
    "approve": lambda cycle, given, user: services.approve_cycle(cycle=cycle, actor=user),
    "release": lambda cycle, given, user: services.release_cycle(cycle=cycle, actor=user),
    "close": lambda cycle, given, user: services.close_cycle(cycle=cycle, actor=user),
    "roll": lambda cycle, given, user: services.roll_cycle(cycle=cycle, actor=user),
    "cancel": lambda cycle, given, user: services.cancel_cycle(cycle=cycle, reason=given["reason"], actor=user),
    "waive": _waive_gate,
}


def _department(given: dict[str, Any], user: User) -> str:
    return given.get("department", user.department)


def _waive_submission(step: Step, given: dict[str, Any], user: User) -> None:
    department = _department(given, user)
    services.waive_submission(step=step, department=department, reason=given["reason"], actor=user)


def _submit(step: Step, given: dict[str, Any], user: User) -> None:
    services.submit_material(
        step=step,
        department=_department(given, user),
        content=given["content"],
        actor=user,
        draft=given["draft"],
    )


def _sign(step: Step, given: dict[str, Any], user: User, *, lead: bool) -> None:
    services.sign_off(step=step, department=_department(given, user), actor=user, lead=lead)


_STEP_COMMANDS: dict[str, Callable[[Step, dict[str, Any], User], object]] = {
    "open": lambda step, given, user: services.open_step(step=step, actor=user),
    "begin_meeting": lambda step, given, user: services.begin_meeting(step=step, actor=user),
    "submit": _submit,
    "co_sign": lambda step, given, user: _sign(step, given, user, lead=False),
    "sign": lambda step, given, user: _sign(step, given, user, lead=True),
    "reopen": lambda step, given, user: services.reopen_step(step=step, reason=given["reason"], actor=user),
    "waive": _waive_submission,
}

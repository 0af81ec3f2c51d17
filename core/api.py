"""The base of every REST endpoint: view, errors as RFC 9457, paging, conditional requests."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.utils import inline_serializer
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import AppError, InvalidInput, PreconditionFailed, PreconditionRequired
from core.idempotency import idempotent
from core.outage import RETRY_SECONDS, find_outage

__all__ = [
    "ApiView",
    "IdPagination",
    "etag_of",
    "idempotent",
    "is_not_modified",
    "not_modified",
    "page_of",
    "parse_body",
    "problem_json",
    "require_match",
]

logger = logging.getLogger(__name__)
PROBLEM_TYPE = "application/problem+json"


class ApiView(APIView):
    """Session or bearer; ``required_actions = {"GET": "plan.read"}`` says who may; the caller's language.

    A view without an entry for a method is closed to everyone for that method.
    """

    required_actions: Mapping[str, str | tuple[str, ...]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().perform_authentication(request)
        if not request.headers.get("Accept-Language") and request.user is not None:
            translation.activate(getattr(request.user, "language", "") or translation.get_language() or "en")
        super().initial(request, *args, **kwargs)


class IdPagination(CursorPagination):
    """``?limit=`` rows a page in the order of creation; ``next`` holds the address of the following page."""

    ordering = "pk"
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 1000

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})


def page_of(serializer: type[serializers.BaseSerializer]) -> serializers.Serializer:
    """The OpenAPI shape of a page of rows: ``{"results": […], "next": address or null}``."""
    name = serializer.__name__.removesuffix("Serializer")
    fields = {"results": serializer(many=True), "next": serializers.URLField(allow_null=True)}
    return inline_serializer(f"{name}Page", fields)


def etag_of(*parts: Any) -> str:
    """A strong entity tag from whatever identifies a state, e.g. primary key and revision."""
    text = json.dumps([str(part) for part in parts])
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def is_not_modified(request: Request, etag: str) -> bool:
    """Whether the caller already holds this state (``If-None-Match``)."""
    return _names(request.headers.get("If-None-Match", ""), etag)


def not_modified(etag: str) -> Response:
    """304: use what you have."""
    return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})


def require_match(request: Request, etag: str) -> None:
    """Refuse a write without ``If-Match`` (428) or on a state the caller has not seen (412)."""
    given = request.headers.get("If-Match", "")
    if not given:
        raise PreconditionRequired(
            _("Send If-Match with the ETag you last read, so that nobody's change is overwritten unseen.")
        )
    if not _names(given, etag):
        raise PreconditionFailed(
            _("It was changed since you read it. Read it again and repeat the change."), details={"etag": etag}
        )


def _names(header: str, etag: str) -> bool:
    tags = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in tags or etag in tags


def problem_json(error: Exception, context: Mapping[str, Any]) -> Response:
    """Every error of the API as ``application/problem+json`` with a stable ``code`` (RFC 9457)."""
    headers: dict[str, str] = {}
    details: dict[str, Any] = {}
    if (outage := find_outage(error)) is not None:
        logger.error("the database does not answer", exc_info=error)
        error, headers["Retry-After"] = outage, str(RETRY_SECONDS)
    if isinstance(error, AppError):
        status, code, detail, details = error.status, error.code, str(error.message), error.details
    elif isinstance(error, exceptions.ValidationError):
        status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input"
        detail = _("Some fields cannot be accepted; see errors.")
        details = {"errors": list(_field_errors(error.detail))}
    elif isinstance(error, exceptions.APIException):
        status, code, detail = error.status_code, str(error.default_code), str(error.detail)
        if isinstance(error, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
            headers["WWW-Authenticate"] = getattr(error, "auth_header", 'Bearer realm="api"')
        wait = getattr(error, "wait", None)  # of Throttled
        if wait is not None:
            headers["Retry-After"] = str(int(wait) + 1)
    elif isinstance(error, Http404):
        status, code, detail = HTTPStatus.NOT_FOUND, "not_found", _("There is no such thing, or not for you.")
    elif isinstance(error, PermissionDenied):
        status, code, detail = HTTPStatus.FORBIDDEN, "denied", _("You may not do this.")
    else:
        logger.error("unexpected error in the API", exc_info=error)
        status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error"
        detail = _("Something broke on our side. Nothing was changed; try again or tell your administrator.")
    return _problem(int(status), code, detail, details, headers, context)


def _problem(
    status: int,
    code: str,
    detail: str,
    details: Mapping[str, Any],
    headers: Mapping[str, str],
    context: Mapping[str, Any],
) -> Response:
    request = context.get("request")
    body = {
        **details,
        "type": f"urn:sop:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.path if request else "",
    }
    return Response(body, status=status, headers=dict(headers), content_type=PROBLEM_TYPE)


def _field_errors(detail: Any, pointer: str = "") -> Any:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _field_errors(value, f"{pointer}/{key}")
    elif isinstance(detail, list):
        for position, value in enumerate(detail):
            if isinstance(value, Mapping | list):
                yield from _field_errors(value, f"{pointer}/{position}")
            else:
                yield from _field_errors(value, pointer)
    else:
        yield {"pointer": f"#{pointer}", "detail": str(detail), "code": getattr(detail, "code", "invalid")}


def parse_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; anything else is refused."""
    if not isinstance(request.data, Mapping):
        raise InvalidInput(_("Send a JSON object."), code="not_an_object")
    return dict(request.data)

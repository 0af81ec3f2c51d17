"""Errors a caller can act on. Every one carries a stable code; views and the API render them alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext


class AppError(Exception):
    """An expected refusal.

    ``message`` is a translated sentence: what happened, what stays safe, what to do. ``code`` is stable and
    machine-readable, ``status`` the HTTP status, ``details`` JSON-ready context.
    """

    status = 400
    code = "bad_request"

    def __init__(self, message: Any, *, code: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = dict(details or {})


class InvalidInput(AppError):
    """The input cannot be understood; ``details`` names the field or the row and column."""

    status = 422
    code = "invalid_input"


class Denied(AppError):
    """The actor may see the thing but not do this to it."""

    status = 403
    code = "denied"


class Missing(AppError):
    """Not there, or not the actor's to see: both look alike."""

    status = 404
    code = "not_found"


def unknown(kind: str, code: str) -> Missing:
    """The refusal of a code that is not there, or not the actor's to see: the same words for both."""
    return Missing(gettext("There is no “%(code)s”.") % {"code": code}, code=f"unknown_{kind}")


class Conflict(AppError):
    """Somebody else changed it first; ``details`` carries theirs."""

    status = 409
    code = "conflict"


class Frozen(AppError):
    """The figures are frozen; ``details`` names the snapshot and how to reopen."""

    status = 409
    code = "frozen"


class GuardFailed(AppError):
    """A transition's guard does not hold; ``details["reasons"]`` lists what is missing and who must do it."""

    status = 409
    code = "guard_failed"


class PreconditionRequired(AppError):
    """A conditional write came without ``If-Match``."""

    status = 428
    code = "precondition_required"


class PreconditionFailed(AppError):
    """``If-Match`` names an older state than the current one."""

    status = 412
    code = "precondition_failed"

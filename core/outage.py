"""When the database does not answer: nobody knows whether the save happened, so say that it can be sent again."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _

from core.errors import AppError

RETRY_SECONDS = 2


class Outage(AppError):
    """The database is gone, or busy beyond its patience."""

    status = 503
    code = "database_unavailable"


def find_outage(error: BaseException | None) -> Outage | None:
    """What to answer to an error of the database connection; None for every other error."""
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    return Outage(
        _(
            "The database does not answer. What was saved before is safe; whether this was saved is not known. "
            "Send it again with the same Idempotency-Key, and it happens once."
        )
    )


def failed(request: HttpRequest) -> HttpResponse:
    """The page of an unexpected error; 503 where it is the database that went away, also before any view began."""
    outage = find_outage(sys.exc_info()[1])
    status = 500 if outage is None else outage.status
    if outage is not None and request.path.startswith("/api/"):
        body = {"status": status, "code": outage.code, "detail": str(outage.message), "instance": request.path}
        response: HttpResponse = JsonResponse(body, status=status, content_type="application/problem+json")
    else:
        # without the request: the shell's context reads the database
        response = HttpResponse(loader.get_template("500.html").render({"status": status}), status=status)
    if outage is not None:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response

"""Log lines as JSON, each with the request and the job it belongs to. Values of requests are never logged."""

from __future__ import annotations

import datetime as dt
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

log = logging.getLogger("sop.requests")
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_job_id: ContextVar[int | None] = ContextVar("job_id", default=None)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request, job, trace of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := _request_id.get():
            line["request"] = request
        if (job := _job_id.get()) is not None:
            line["job"] = job
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


@contextmanager
def bind_job(job_id: int) -> Iterator[None]:
    """Put the job's number on every log line of this block."""
    token = _job_id.set(job_id)
    try:
        yield
    finally:
        _job_id.reset(token)


class RequestIdMiddleware:
    """Gives each request an id, answers it as ``X-Request-ID``, puts it on every log line, and logs one line.

    A proxy's id is kept when it is plain (at most 64 letters, digits, hyphens), so that logs join up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        plain = 0 < len(given) <= 64 and given.replace("-", "").isalnum() and given.isascii()
        token = _request_id.set(given if plain else secrets.token_hex(8))
        started = time.perf_counter()
        try:
            response = self._get_response(request)
            response["X-Request-ID"] = _request_id.get()
            if request.path != "/healthz":
                milliseconds = round((time.perf_counter() - started) * 1000)
                log.info("%s %s %s %d ms", request.method, request.path, response.status_code, milliseconds)
        finally:
            _request_id.reset(token)
        return response

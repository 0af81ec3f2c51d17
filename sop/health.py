"""Two questions of a load balancer: is the process alive, and can it serve?

A middleware, before host checks, redirects and sessions: probes come with any host name, over plain HTTP, and
must not touch anything they do not ask about.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse


class HealthMiddleware:
    """Answers ``/healthz`` and ``/readyz``; everything else passes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._is_migrated = False  # once true, true for the life of this process

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return _answer("")
        if request.path == "/readyz":
            return _answer(self._find_obstacle())
        return self._get_response(request)

    def _find_obstacle(self) -> str:
        """Why no page can be served, or "". Not the broker: pages, edits and approvals work without it."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            if not self._is_migrated:
                executor = MigrationExecutor(connection)
                self._is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return "database not reachable"
        finally:
            connection.close()  # no request signal will: the request stops here
        return "" if self._is_migrated else "migrations missing; run manage.py prepare"


def _answer(obstacle: str) -> JsonResponse:
    body = {"status": "unavailable", "reason": obstacle} if obstacle else {"status": "ok"}
    return JsonResponse(body, status=503 if obstacle else 200, headers={"Cache-Control": "no-store"})

"""REST: jobs, their progress, and stopping them."""

from __future__ import annotations

from collections.abc import Mapping

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, IdPagination, idempotent
from core.choices import JobState
from core.errors import InvalidInput
from core.jobs import get_job, list_jobs, request_cancel
from core.rights import get_person
from core.serializers import JobSerializer


class NewestFirst(IdPagination):
    """The latest jobs first."""

    ordering = "-pk"


class JobListView(ApiView):
    """Own jobs, newest first; all jobs for the coordinator. Chunks of split jobs are not listed."""

    required_actions = {"GET": "job.view"}

    @extend_schema(
        responses=JobSerializer(many=True),
        parameters=[OpenApiParameter("state", enum=JobState.values), OpenApiParameter("kind", str)],
    )
    def get(self, request: Request) -> Response:
        jobs = list_jobs(request.user)
        if state := request.query_params.get("state"):
            if state not in JobState.values:
                raise InvalidInput(f"state is one of {', '.join(JobState.values)}", code="unknown_state")
            jobs = jobs.filter(state=state)
        if kind := request.query_params.get("kind"):
            jobs = jobs.filter(kind=kind)
        pages = NewestFirst()
        rows = pages.paginate_queryset(jobs, request, view=self)
        return pages.get_paginated_response(JobSerializer(rows, many=True).data)


class JobCancelView(ApiView):
    """Ask a job to stop. Repeating it, or asking after the end, changes nothing."""

    required_actions: Mapping[str, str] = {"POST": "job.view"}

    @extend_schema(request=None, responses=JobSerializer)
    @idempotent
    def post(self, request: Request, job_id: int) -> Response:
        job = request_cancel(job=get_job(job_id, request.user), actor=get_person(request))
        return Response(JobSerializer(job).data)


class JobView(JobCancelView):
    """One job with its progress; a POST asks it to stop, as ``cancel/`` does: a job takes no other command."""

    required_actions = {"GET": "job.view", "POST": "job.view"}

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, job_id: int) -> Response:
        return Response(JobSerializer(get_job(job_id, request.user)).data)

"""Pages of the core: the background runs a person may see."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views import View

from core.errors import Missing
from core.jobs import get_job, list_jobs, request_cancel
from core.models import Job
from core.rights import get_person, may
from core.serializers import JobSerializer

_FINDINGS_SHOWN = 100


class JobPage(AccessMixin, View):
    """A page for those who may see jobs; others are told so."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not may(request.user, "job.view"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class JobListPage(JobPage):
    """Own runs, newest first; everybody's for the coordinator."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(list_jobs(request.user).order_by("-pk"), 50).get_page(request.GET.get("page"))
        return render(request, "core/jobs.html", {"page": page, "jobs": [_as_row(job) for job in page]})


class JobDetailPage(JobPage):
    """One run. As a partial it asks for itself again until the run has ended."""

    def get(self, request: HttpRequest, job_id: int) -> HttpResponse:
        return self._show(request, self._find(request, job_id))

    def post(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Cancel."""
        return self._show(request, request_cancel(job=self._find(request, job_id), actor=get_person(request)))

    def _find(self, request: HttpRequest, job_id: int) -> Job:
        try:
            return get_job(job_id, request.user)
        except Missing as missing:
            raise Http404 from missing

    def _show(self, request: HttpRequest, job: Job) -> HttpResponse:
        template = "core/_job.html" if request.headers.get("HX-Request") else "core/job.html"
        return render(request, template, {"job": _as_row(job), "findings": job.findings[:_FINDINGS_SHOWN]})


def _as_row(job: Job) -> dict[str, Any]:
    """What the API says of a job, with times as times."""
    row = JobSerializer(job).data
    ended = job.finished_at - job.started_at if job.finished_at and job.started_at else None
    return row | {
        "state_title": job.get_state_display(),
        "percent": round(row["progress"] / 10),
        "started_by": job.created_by,
        "created_at": job.created_at,
        "took": ended,
        "is_over": job.is_over,
    }

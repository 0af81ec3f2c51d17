"""Reading jobs: whose, how far, and what the current step is called."""

from __future__ import annotations

from typing import Any

from django.db.models import Avg, Count, Q, QuerySet
from django.utils.translation import gettext as _

from core.choices import JobState
from core.errors import Missing
from core.jobs.kinds import JobKind, find_kind
from core.models import Job
from core.rights import may


def list_jobs(user: Any) -> QuerySet[Job]:
    """The jobs ``user`` may see, without chunks: the own ones, all for whoever manages the cycle."""
    jobs = Job.objects.filter(parent__isnull=True).select_related("created_by")
    if not may(user, "job.view"):
        return jobs.none()
    return jobs if may(user, "cycle.manage") else jobs.filter(created_by=user)


def get_job(job_id: int, user: Any) -> Job:
    """One of them; ``Missing`` for foreign and unknown numbers alike."""
    job = list_jobs(user).filter(pk=job_id).first()
    if job is None:
        raise Missing(_("There is no such job, or not for you."))
    return job


def load_progress(job: Job) -> tuple[int, str]:
    """Per mille and the step in words, in the current language; of a split job, what its parts have done."""
    kind = find_kind(job.kind)
    if job.state != JobState.WAITING:
        return job.progress, _title_of(kind, job.step)
    parts = job.children.aggregate(
        mean=Avg("progress"), all=Count("pk"), done=Count("pk", filter=Q(state=JobState.DONE))
    )
    step = _("%(done)d of %(all)d parts done") % {"done": parts["done"], "all": parts["all"]}
    mean = float(parts["mean"] or 0) / 1000
    return max(job.progress, round(1000 * (kind.share_of_parts(mean) if kind else mean))), step


def _title_of(kind: JobKind | None, step: str) -> str:
    known = kind.steps if kind else {}
    return str(known[step][0]) if step in known else step

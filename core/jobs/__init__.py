"""Background jobs: the row is the truth, the broker only rings.

A room registers a kind in its ``tasks.py`` and enqueues it from a view::

    @register_kind("forecast", title=_("Statistical forecast"), action="forecast.run")
    def run(job: Job, progress: Progress) -> dict: ...

    job = enqueue_job(kind="forecast", scope={"cycle": cycle.pk}, actor=request.user)

Delivery is at least once; the effect is exactly once because the publishing transaction calls ``fence(job)``.
"""

from core.jobs.errors import JobCancelled, LeaseLost
from core.jobs.kinds import JobKind, get_kind, register_continuation, register_kind
from core.jobs.lease import claim_job, fence
from core.jobs.parts import clear_parts, clear_stale_parts, read_part, write_parts
from core.jobs.progress import Progress
from core.jobs.queue import enqueue_children, enqueue_job, request_cancel
from core.jobs.reaper import reap_jobs
from core.jobs.runner import run_job, run_job_now
from core.jobs.selectors import get_job, list_jobs, load_progress

__all__ = [
    "JobCancelled",
    "JobKind",
    "LeaseLost",
    "Progress",
    "claim_job",
    "clear_parts",
    "clear_stale_parts",
    "enqueue_children",
    "enqueue_job",
    "fence",
    "get_job",
    "get_kind",
    "list_jobs",
    "load_progress",
    "read_part",
    "reap_jobs",
    "register_continuation",
    "register_kind",
    "request_cancel",
    "run_job",
    "run_job_now",
    "write_parts",
]

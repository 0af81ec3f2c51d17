"""Imports in the background: checking and saving."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict
from core.jobs import Progress, enqueue_job, fence, register_kind
from core.models import Job
from masterdata.choices import ImportState
from masterdata.models import ImportBatch
from masterdata.services import check_batch, commit_batch

CHECK, COMMIT = "import_check", "import"


def _page_of(job: Job) -> str:
    return reverse("masterdata:import-batch", args=[job.scope["batch"]])


@register_kind(CHECK, title=_("Check of an import"), action="import.run", result_url=_page_of)
def run_check(job: Job, progress: Progress) -> dict[str, Any]:
    """Check the batch of the job's scope; a saved or discarded one is left as it is."""
    batch = ImportBatch.objects.get(pk=job.scope["batch"])
    if batch.state in (ImportState.UPLOADED, ImportState.CHECKED):
        batch = check_batch(batch=batch, progress=progress.update)
    return {"batch": batch.pk, "state": batch.state}


@register_kind(COMMIT, title=_("Import"), action="import.run", result_url=_page_of)
def run_commit(job: Job, progress: Progress) -> dict[str, Any]:
    """Save the batch of the job's scope, once; when the preview is outdated, make a new one and say so."""
    batch = ImportBatch.objects.get(pk=job.scope["batch"])
    if batch.state != ImportState.COMMITTED:
        try:
            batch = commit_batch(
                batch=batch,
                actor=job.created_by,
                valid_rows_only=job.scope["valid_rows_only"],
                fence=partial(fence, job),
                progress=progress.update,
            )
        except Conflict:
            check_batch(batch=batch, progress=progress.update)
            raise
    return {"batch": batch.pk, "state": batch.state}


def enqueue_check(*, batch: ImportBatch, actor: User) -> Job:
    """Check the batch's present round in the background."""
    return enqueue_job(kind=CHECK, scope={"batch": batch.pk, "round": batch.round}, actor=actor)


def enqueue_commit(*, batch: ImportBatch, actor: User, valid_rows_only: bool = False) -> Job:
    """Commit the batch's present round in the background."""
    scope = {"batch": batch.pk, "round": batch.round, "valid_rows_only": valid_rows_only}
    return enqueue_job(kind=COMMIT, scope=scope, actor=actor)


def get_batch_job(batch: ImportBatch) -> Job | None:
    """The latest job of a batch."""
    return Job.objects.filter(kind__in=(CHECK, COMMIT), scope__batch=batch.pk).order_by("-pk").first()

"""What the broker delivers: a ring that carries a job's number, and the reaper's beat."""

from celery import shared_task

from core.jobs import bell, reap_jobs, run_job


@shared_task(name=bell.RING)
def ring(job_id: int) -> None:
    """Run the job if nobody has it yet. Delivered twice, the second one finds nothing to do."""
    run_job(job_id)


@shared_task(name="core.reap")
def reap() -> None:
    """Mend abandoned jobs and lost rings."""
    reap_jobs()

"""The life of a job row: claim, lease, fence, retries, cancel, split. No broker here; see test_jobs_broker."""

import datetime as dt
import os
import subprocess
import sys
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.choices import JobState
from core.errors import Conflict, InvalidInput
from core.jobs import (
    JobCancelled,
    LeaseLost,
    Progress,
    claim_job,
    enqueue_children,
    enqueue_job,
    fence,
    kinds,
    reap_jobs,
    register_continuation,
    register_kind,
    request_cancel,
    run_job,
    run_job_now,
)
from core.jobs.lease import worker_name
from core.models import Job


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch):
    """Kinds registered by a test vanish with it."""
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))


def register(run, code="sum", **options):
    register_kind(code, title="Sum", action="forecast.run", **options)(run)


def add(job, progress):
    progress.update(0.5, "adding")
    return {"sum": sum(job.scope["terms"])}


def end_lease(job):
    """As after a worker on another host died: the lease ran out."""
    gone = timezone.now() - dt.timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(lease_until=gone, worker="elsewhere/ns/1")


@pytest.mark.django_db
class TestEnqueue:
    def test_an_equal_unfinished_job_is_returned(self):
        register(add)
        first = enqueue_job(kind="sum", scope={"terms": [1, 2]}, actor=None, input_hash="a")
        again = enqueue_job(kind="sum", scope={"terms": [1, 2]}, actor=None, input_hash="a")
        other_input = enqueue_job(kind="sum", scope={"terms": [1, 2]}, actor=None, input_hash="b")
        assert again.pk == first.pk
        assert other_input.pk != first.pk

    def test_a_finished_job_does_not_hinder_a_new_one(self):
        register(add)
        first = run_job_now(enqueue_job(kind="sum", scope={"terms": [1]}, actor=None))
        assert enqueue_job(kind="sum", scope={"terms": [1]}, actor=None).pk != first.pk

    def test_a_job_that_is_being_cancelled_does_not_hinder_a_new_one(self):
        register(add)
        first = enqueue_job(kind="sum", scope={"terms": [1]}, actor=None)
        claim_job(first.pk)
        request_cancel(job=first, actor=None)
        assert enqueue_job(kind="sum", scope={"terms": [1]}, actor=None).pk != first.pk

    def test_the_database_refuses_a_double_whoever_writes_it(self):
        register(add)
        job = enqueue_job(kind="sum", scope={"terms": [1]}, actor=None)
        with pytest.raises(IntegrityError), transaction.atomic():
            Job.objects.create(kind="sum", dedupe_key=job.dedupe_key)

    def test_unknown_kinds_are_refused_before_anything_is_written(self):
        with pytest.raises(KeyError):
            enqueue_job(kind="no-such-kind", scope={}, actor=None)
        assert not Job.objects.exists()

    def test_the_usual_duration_is_the_median_of_the_last_runs(self):
        register(add)
        start = timezone.now()
        for seconds in (10, 30, 20):
            job = run_job_now(enqueue_job(kind="sum", scope={"terms": [seconds]}, actor=None))
            Job.objects.filter(pk=job.pk).update(started_at=start, finished_at=start + dt.timedelta(seconds=seconds))
        assert enqueue_job(kind="sum", scope={"terms": []}, actor=None).expected_seconds == 20


@pytest.mark.django_db
class TestRun:
    def test_result_progress_and_findings_are_stored(self):
        def run(job, progress):
            job.findings.append({"code": "short_history", "product": "P1"})
            return add(job, progress)

        register(run)
        job = run_job_now(enqueue_job(kind="sum", scope={"terms": [2, 3]}, actor=None))
        assert (job.state, job.result, job.progress, job.step) == (JobState.DONE, {"sum": 5}, 1000, "adding")
        assert job.findings == [{"code": "short_history", "product": "P1"}]
        assert job.attempt == 1
        assert job.finished_at >= job.started_at

    def test_weighted_steps_add_up(self):
        seen = []

        def run(job, progress):
            progress.within("load", 1.0)
            seen.append(Job.objects.get(pk=job.pk).progress)
            progress.within("solve", 0.5)
            seen.append(Job.objects.get(pk=job.pk).progress)

        register(run, steps={"load": ("Load", 1), "solve": ("Solve", 8), "store": ("Store", 1)})
        run_job_now(enqueue_job(kind="sum", scope={}, actor=None))
        assert seen == [100, 500]

    def test_a_refusal_fails_the_job_with_its_code_and_is_not_retried(self):
        def run(job, progress):
            raise InvalidInput("Product P9 has no history.", code="no_history")

        register(run)
        job = enqueue_job(kind="sum", scope={}, actor=None)
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.error_code, job.attempt) == (JobState.FAILED, "no_history", 1)
        assert job.error == "Product P9 has no history."

    def test_stale_inputs_end_as_stale(self):
        def run(job, progress):
            raise Conflict("The demand plan changed meanwhile.", code="stale")

        register(run)
        job = enqueue_job(kind="sum", scope={}, actor=None)
        run_job(job.pk)
        job.refresh_from_db()
        assert job.state == JobState.STALE

    def test_an_unexpected_error_is_tried_three_times_and_shows_no_trace(self):
        calls = []

        def run(job, progress):
            calls.append(job.attempt)
            raise ZeroDivisionError("secret internals")

        register(run)
        job = enqueue_job(kind="sum", scope={}, actor=None)
        for _ring in range(5):
            run_job(job.pk)
        job.refresh_from_db()
        assert calls == [1, 2, 3]
        assert (job.state, job.error_code) == (JobState.FAILED, "internal")
        assert "secret" not in job.error
        assert str(job.pk) in job.error

    def test_run_job_now_raises_what_ended_the_job(self):
        def run(job, progress):
            raise ZeroDivisionError

        register(run)
        job = enqueue_job(kind="sum", scope={}, actor=None)
        with pytest.raises(ZeroDivisionError):
            run_job_now(job)
        job.refresh_from_db()
        assert job.state == JobState.FAILED

    def test_a_kind_of_another_installation_fails_with_a_reason(self):
        job = Job.objects.create(kind="from-the-future")
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.error_code) == (JobState.FAILED, "unknown_kind")

    def test_a_ring_for_a_finished_job_does_nothing(self):
        register(add)
        job = run_job_now(enqueue_job(kind="sum", scope={"terms": [1]}, actor=None))
        run_job(job.pk)
        job.refresh_from_db()
        assert job.attempt == 1


@pytest.mark.django_db
class TestLeaseAndFence:
    def test_only_one_claim_wins(self):
        register(add)
        job = enqueue_job(kind="sum", scope={"terms": []}, actor=None)
        assert claim_job(job.pk).attempt == 1
        assert claim_job(job.pk) is None

    def test_a_job_of_a_dead_process_on_this_host_is_taken_at_once(self):
        register(add)
        job = enqueue_job(kind="sum", scope={"terms": []}, actor=None)
        claim_job(job.pk)
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        owner = worker_name().replace(str(os.getpid()), str(gone.pid))
        Job.objects.filter(pk=job.pk).update(worker=owner)
        assert claim_job(job.pk).attempt == 2

    def test_the_old_owner_can_neither_report_nor_publish(self):
        register(add)
        job = enqueue_job(kind="sum", scope={"terms": []}, actor=None)
        old = claim_job(job.pk)
        end_lease(old)
        new = claim_job(job.pk)
        with pytest.raises(LeaseLost):
            Progress(old).update(0.5, "late")
        with pytest.raises(LeaseLost), transaction.atomic():
            fence(old)
        with transaction.atomic():
            fence(new, result={"by": "new"})
        job.refresh_from_db()
        assert (job.state, job.result, job.attempt) == (JobState.DONE, {"by": "new"}, 2)

    def test_what_rolls_back_with_the_fence_leaves_the_job_running(self):
        register(add)
        job = claim_job(enqueue_job(kind="sum", scope={"terms": []}, actor=None).pk)
        with transaction.atomic():
            fence(job)
            transaction.set_rollback(True)
        job.refresh_from_db()
        assert job.state == JobState.RUNNING

    def test_the_result_returned_after_the_fence_is_kept(self):
        def run(job, progress):
            with transaction.atomic():
                fence(job)
            return {"published": True}

        register(run)
        job = run_job_now(enqueue_job(kind="sum", scope={}, actor=None))
        assert (job.state, job.result) == (JobState.DONE, {"published": True})


@pytest.mark.django_db
class TestReaper:
    @pytest.fixture(autouse=True)
    def silent_bell(self, monkeypatch):
        self.rung = []
        monkeypatch.setattr("core.jobs.bell.ring", lambda ids: self.rung.extend(ids) or True)
        monkeypatch.setattr("core.jobs.bell.is_queue_empty", lambda: True)

    def test_expired_leases_go_back_three_times_then_fail_with_a_reason(self):
        register(add)
        job = enqueue_job(kind="sum", scope={"terms": []}, actor=None)
        for attempt in (1, 2, 3):
            assert claim_job(job.pk).attempt == attempt
            end_lease(job)
            reap_jobs()
        job.refresh_from_db()
        assert (job.state, job.error_code, job.attempt) == (JobState.FAILED, "worker_lost", 3)
        assert "3 times" in job.error

    def test_a_live_lease_is_left_alone(self):
        register(add)
        job = claim_job(enqueue_job(kind="sum", scope={"terms": []}, actor=None).pk)
        reap_jobs()
        job.refresh_from_db()
        assert (job.state, job.attempt) == (JobState.RUNNING, 1)

    def test_lost_rings_are_rung_again(self):
        register(add)
        job = enqueue_job(kind="sum", scope={"terms": []}, actor=None)
        reap_jobs()
        assert self.rung == [job.pk]

    def test_rings_that_still_wait_at_the_broker_are_not_multiplied(self, monkeypatch):
        monkeypatch.setattr("core.jobs.bell.is_queue_empty", lambda: False)
        register(add)
        enqueue_job(kind="sum", scope={"terms": []}, actor=None)
        reap_jobs()
        assert self.rung == []

    def test_a_cancelled_job_of_a_dead_worker_ends_as_cancelled(self):
        register(add)
        job = claim_job(enqueue_job(kind="sum", scope={"terms": []}, actor=None).pk)
        request_cancel(job=job, actor=None)
        end_lease(job)
        reap_jobs()
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED


@pytest.mark.django_db
class TestCancel:
    def test_a_waiting_job_is_cancelled_at_once_and_never_runs(self):
        register(add)
        job = enqueue_job(kind="sum", scope={"terms": []}, actor=None)
        assert request_cancel(job=job, actor=None).state == JobState.CANCELLED
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.attempt) == (JobState.CANCELLED, 0)

    def test_a_running_job_stops_at_its_next_report(self):
        after = []

        def run(job, progress):
            progress.update(0.2, "first")
            request_cancel(job=job, actor=None)
            progress.update(0.4, "second")
            after.append("not reached")

        register(run)
        job = enqueue_job(kind="sum", scope={}, actor=None)
        with pytest.raises(JobCancelled):
            run_job_now(job)
        job.refresh_from_db()
        assert (job.state, after) == (JobState.CANCELLED, [])

    def test_nothing_is_published_after_a_cancel(self):
        def run(job, progress):
            request_cancel(job=job, actor=None)
            with transaction.atomic():
                fence(job)

        register(run)
        job = enqueue_job(kind="sum", scope={}, actor=None)
        with pytest.raises(JobCancelled):
            run_job_now(job)
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED

    def test_a_finished_job_stays_done(self):
        register(add)
        job = run_job_now(enqueue_job(kind="sum", scope={"terms": []}, actor=None))
        assert request_cancel(job=job, actor=None).state == JobState.DONE


@pytest.mark.django_db
class TestSplit:
    @pytest.fixture
    def halves(self):
        """A sum split into one child per term; the continuation adds the children's results."""

        def split(job, progress):
            enqueue_children(job=job, kind="term", scopes=[{"terms": [t]} for t in job.scope["terms"]])

        register(split, code="total")
        register(add, code="term")

        @register_continuation("total")
        def join(job, progress):
            with transaction.atomic():
                fence(job)
            return {"sum": sum(child.result["sum"] for child in job.children.order_by("pk"))}

    def test_the_continuation_sees_every_childs_result(self, halves):
        job = run_job_now(enqueue_job(kind="total", scope={"terms": [1, 2, 4]}, actor=None))
        assert (job.state, job.result) == (JobState.DONE, {"sum": 7})
        assert [c.state for c in job.children.all()] == [JobState.DONE] * 3

    def test_no_children_means_the_continuation_at_once(self, halves):
        job = run_job_now(enqueue_job(kind="total", scope={"terms": []}, actor=None))
        assert (job.state, job.result) == (JobState.DONE, {"sum": 0})

    def test_the_parent_waits_without_a_lease_until_the_last_child(self, halves):
        job = enqueue_job(kind="total", scope={"terms": [1, 2]}, actor=None)
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.lease_until) == (JobState.WAITING, None)
        first, last = job.children.order_by("pk")
        run_job(first.pk)
        job.refresh_from_db()
        assert job.state == JobState.WAITING
        run_job(last.pk)
        job.refresh_from_db()
        assert job.state == JobState.QUEUED

    def test_a_lost_wake_up_is_mended_by_the_reaper_once(self, halves, monkeypatch):
        monkeypatch.setattr("core.jobs.bell.ring", lambda ids: True)
        monkeypatch.setattr("core.jobs.bell.is_queue_empty", lambda: True)
        job = enqueue_job(kind="total", scope={"terms": [1]}, actor=None)
        run_job(job.pk)
        job.children.update(state=JobState.DONE, result={"sum": 1})  # its worker died before waking the parent
        reap_jobs()
        reap_jobs()
        run_job(job.pk)
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.result, job.attempt) == (JobState.DONE, {"sum": 1}, 2)

    def test_a_failed_child_fails_the_parent_with_its_reason_and_stops_the_rest(self, halves):
        job = enqueue_job(kind="total", scope={"terms": ["x", 2, 3]}, actor=None)
        run_job(job.pk)
        bad, *rest = job.children.order_by("pk")
        for _attempt in range(3):
            run_job(bad.pk)
        job.refresh_from_db()
        assert (job.state, job.error_code) == (JobState.FAILED, "internal")
        assert {Job.objects.get(pk=c.pk).state for c in rest} == {JobState.CANCELLED}

    def test_cancelling_the_parent_cancels_its_children(self, halves):
        job = enqueue_job(kind="total", scope={"terms": [1, 2]}, actor=None)
        run_job(job.pk)
        running, _waiting = job.children.order_by("pk")
        claim_job(running.pk)
        assert request_cancel(job=job, actor=None).state == JobState.CANCELLED
        assert [c.state for c in job.children.order_by("pk")] == [JobState.RUNNING, JobState.CANCELLED]
        assert Job.objects.get(pk=running.pk).cancel_requested

    def test_a_worker_without_lease_splits_nothing(self, halves):
        old = claim_job(enqueue_job(kind="total", scope={"terms": [1]}, actor=None).pk)
        end_lease(old)
        claim_job(old.pk)
        with pytest.raises(LeaseLost):
            enqueue_children(job=old, kind="term", scopes=[{"terms": [1]}])
        assert not old.children.exists()


@pytest.mark.django_db(transaction=True)
def test_a_fence_outside_a_transaction_is_a_mistake():
    register(add)
    job = claim_job(enqueue_job(kind="sum", scope={"terms": []}, actor=None).pk)
    with pytest.raises(RuntimeError, match="inside the publishing transaction"):
        fence(job)


@pytest.mark.django_db(transaction=True)
def test_many_threads_enqueueing_the_same_make_one_job():
    register(add)
    start, made = threading.Barrier(8), []

    def enqueue():
        start.wait()
        try:
            made.append(enqueue_job(kind="sum", scope={"terms": [1]}, actor=None).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=enqueue) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert Job.objects.count() == 1

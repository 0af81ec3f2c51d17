"""How the core's rows look over REST."""

from typing import Any

from rest_framework import serializers

from core.jobs import load_progress
from core.jobs.kinds import find_kind
from core.models import Job


class JobSerializer(serializers.ModelSerializer):
    """A job: what, how far (per mille), how it ended, and where its result is to be seen."""

    title = serializers.SerializerMethodField()
    created_by: serializers.SlugRelatedField = serializers.SlugRelatedField("username", read_only=True)
    result_url = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "title",
            "scope",
            "state",
            "progress",
            "step",
            "cancel_requested",
            "attempt",
            "expected_seconds",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
            "result",
            "result_url",
            "findings",
            "error_code",
            "error",
        ]

    def get_title(self, job: Job) -> str:
        kind = find_kind(job.kind)
        return str(kind.title) if kind else job.kind

    def to_representation(self, job: Job) -> dict[str, Any]:
        progress, step = load_progress(job)
        return super().to_representation(job) | {"progress": progress, "step": step}

    def get_result_url(self, job: Job) -> str | None:
        kind = find_kind(job.kind)
        return kind.result_url(job) if kind and kind.result_url and job.state == "done" else None

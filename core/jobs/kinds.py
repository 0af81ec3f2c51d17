"""The registry of job kinds. Upper rooms fill it from their ``tasks.py``; nothing here knows S&OP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from core.jobs.progress import Progress
    from core.models import Job

RunFunction = Callable[["Job", "Progress"], "dict[str, Any] | None"]


@dataclass
class JobKind:
    """What the core knows of one kind of job.

    ``steps`` maps a step code to (translated title, weight): ``Progress.within`` computes the share of the
    whole from the weights and pages show the title; the step ``parts`` is what a split job's children do.
    ``continuation`` runs once after all of them. ``result_url`` answers where the finished job's result is to be seen.
    """

    code: str
    title: str | _StrPromise
    action: str
    run: RunFunction
    steps: Mapping[str, tuple[str | _StrPromise, float]] = field(default_factory=dict)
    continuation: RunFunction | None = None
    result_url: Callable[[Job], str] | None = None

    def share(self, step: str, fraction: float) -> float:
        """The done share of the whole job when ``fraction`` of ``step`` is done (both 0 … 1)."""
        weights = {code: weight for code, (_title, weight) in self.steps.items()}
        before = sum(list(weights.values())[: list(weights).index(step)])
        return (before + weights[step] * fraction) / sum(weights.values())

    def share_of_parts(self, fraction: float) -> float:
        """The same while the children run: the step ``parts`` if it is registered, else nine tenths in all."""
        return self.share("parts", fraction) if "parts" in self.steps else 0.9 * fraction


_KINDS: dict[str, JobKind] = {}


def register_kind(
    code: str,
    *,
    title: str | _StrPromise,
    action: str,
    steps: Mapping[str, tuple[str | _StrPromise, float]] | None = None,
    result_url: Callable[[Job], str] | None = None,
) -> Callable[[RunFunction], RunFunction]:
    """Register the decorated ``run(job, progress) -> dict`` as the kind ``code``.

    ``action`` is the policy action a person needs to start it. The function may run more than once: it reads,
    computes, and publishes in one transaction that calls ``fence(job)``.
    """

    def decorate(run: RunFunction) -> RunFunction:
        if code in _KINDS:
            raise ValueError(f"job kind {code!r} is registered twice")
        _KINDS[code] = JobKind(code, title, action, run, steps or {}, result_url=result_url)
        return run

    return decorate


def register_continuation(code: str) -> Callable[[RunFunction], RunFunction]:
    """Register the decorated function to run, exactly once published, when all children of a job are done.

    It gets the parent job; its children's results are ``job.children.order_by("pk")``.
    """

    def decorate(run: RunFunction) -> RunFunction:
        _KINDS[code].continuation = run
        return run

    return decorate


def find_kind(code: str) -> JobKind | None:
    """As ``get_kind``; None for the kind of another version of this program."""
    return _KINDS.get(code)


def get_kind(code: str) -> JobKind:
    """The registered kind; ``KeyError`` when no installed room knows it."""
    return _KINDS[code]

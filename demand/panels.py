"""The panels beside the grid: do overrides help here, what waits here, is the forecast current."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.formats import month, number, percent, points
from demand.board import Desk
from demand.choices import Stream
from demand.measures import BASELINE, CONSENSUS
from demand.models import ForecastRun
from demand.selectors.accuracy import NAIVE, AuthorRecord, StepAccuracy, load_author_records, load_step_accuracy
from demand.selectors.marks import load_waiting
from plans.selectors import load_measure

LAG_MONTHS = 1
_STEP_LABELS: dict[str, str | Promise] = {
    NAIVE: gettext_lazy("Naive"),
    BASELINE: gettext_lazy("Baseline"),
    Stream.SALES: gettext_lazy("Sales"),
    CONSENSUS: gettext_lazy("Consensus"),
}


def build_accuracy_panel(desk: Desk, version_id: int) -> dict[str, Any]:
    """WMAPE of each step at this place, in words better or worse; a sentence when nothing was measured yet."""
    cube = load_measure(version_id=version_id, measure=CONSENSUS)
    keys = cube.axis.keys[desk.place.rows(cube.axis)]
    steps = load_step_accuracy(cycle=desk.cycle, keys=keys, lag=LAG_MONTHS)
    if not steps:
        return {"rows": [], "empty": _unmeasured(desk)}
    records = load_author_records(cycle=desk.cycle, keys=keys)
    return {"rows": [_bar(step) for step in steps], "note": _author_note(records[0]) if records else None}


def _bar(step: StepAccuracy) -> dict[str, Any]:
    assert step.accuracy.wmape is not None
    row: dict[str, Any] = {
        "label": str(_STEP_LABELS[step.source]),
        "value": round(step.accuracy.wmape * 100, 1),
        "kind": "py" if step.source == NAIVE else "ac",
    }
    if step.added is None or abs(step.added) < 0.0005:
        return row
    size = number(abs(step.added) * 100, 1)
    helped = step.added > 0
    return row | {
        "note": _("better %s") % size if helped else _("worse %s") % size,
        "tone": "good" if helped else "bad",
    }


def _author_note(record: AuthorRecord) -> dict[str, str]:
    """The author whose figures did most harm, or most good when all helped."""
    harmed = record.error_change > 0
    head = ngettext("%(author)s, %(n)s change:", "%(author)s, %(n)s changes:", record.changes) % {
        "author": record.author,
        "n": record.changes,
    }
    text = _("error %(error)s, bias %(bias)s.") % {
        "error": points(record.error_change * 100),
        "bias": percent(record.bias * 100, 0, sign=True),
    }
    advice = _("Ask for evidence before raising.") if harmed and record.bias > 0 else ""
    return {"tone": "bad" if harmed else "good", "head": head, "text": f"{text} {advice}".strip()}


def _unmeasured(desk: Desk) -> str:
    run = ForecastRun.objects.filter(version__cycle=desk.cycle).first()
    first = _("Known once a frozen plan's month has closed: from %(month)s on.") % {
        "month": month(desk.cycle.month + 1)
    }
    if run is None or run.accuracy.get("backtest_wmape") is None:
        return first
    tested = percent(run.accuracy["backtest_wmape"] * 100)
    return _("Not measured yet. The baseline's back-test over all products: WMAPE %(error)s.") % {"error": tested} + (
        " " + first
    )


def build_waiting_panel(desk: Desk) -> list[dict[str, str]]:
    """What somebody has to look at here, the most urgent first."""
    waiting = load_waiting(cycle=desk.cycle, place=desk.place, marks=desk.marks, user=desk.user)
    lines: list[dict[str, str]] = []

    def add(count: int, icon: str, tone: str, text: str) -> None:
        if count:
            lines.append({"icon": icon, "tone": tone, "text": text % {"n": number(count)}})

    add(
        waiting.unjustified,
        "flag",
        "warn",
        ngettext("%(n)s override without evidence", "%(n)s overrides without evidence", waiting.unjustified),
    )
    comments = ngettext("%(n)s comment", "%(n)s comments", waiting.comments)
    if waiting.comments_for_me:
        comments += _(", %(mine)s for you").replace("%(mine)s", number(waiting.comments_for_me))
    add(waiting.comments, "message-square", "act", comments)
    add(
        waiting.broken_assumptions,
        "triangle-alert",
        "bad",
        ngettext("%(n)s broken assumption", "%(n)s broken assumptions", waiting.broken_assumptions),
    )
    add(
        waiting.unreviewed_assumptions,
        "circle-question-mark",
        "warn",
        ngettext("%(n)s assumption to look at", "%(n)s assumptions to look at", waiting.unreviewed_assumptions),
    )
    outside = sum(desk.is_outside(m) for m in desk.figures.months if m >= desk.cycle.month)
    add(
        outside,
        "triangle-alert",
        "warn",
        ngettext("%(n)s month outside the 80 %% band", "%(n)s months outside the 80 %% band", outside),
    )
    if desk.fences.frozen:
        last = desk.cycle.month + desk.fences.frozen - 1
        text = _("%(month)s frozen: orders only") if desk.fences.frozen == 1 else _("to %(month)s frozen: orders only")
        lines.append({"icon": "lock", "tone": "dim", "text": text % {"month": month(last, year=False)}})
    return lines

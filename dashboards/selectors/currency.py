"""Is the data current? One line per run, in order of dependence: when it ran, how much, how good, stale or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import formats
from core.choices import JobState
from core.errors import Missing
from core.models import Job
from cycles.models import Cycle
from dashboards.selectors.submissions import list_department_lines
from demand.selectors.overrides import count_overrides_without_reason
from demand.streams import STREAMS
from plans.choices import FOLDINGS
from plans.models import Batch, Block, Edit, Move
from plans.selectors import get_actuals_version, get_heads, get_working_version
from supply.selectors.runs import get_data_state


@dataclass(frozen=True)
class RunStanding:
    """One cell of the bar. ``kind``: ok, warn, bad (stale) or idle (never run)."""

    title: str
    kind: str
    when: str
    note: str

    @property
    def is_stale(self) -> bool:
        return self.kind == "bad"


def list_run_standings(cycle: Cycle) -> list[RunStanding]:
    """Actuals, baseline, department inputs, consensus, balance, valuation."""
    try:
        version = get_working_version(cycle)
    except Missing:
        return [_of_actuals(cycle), _of_departments(cycle)]
    at = _Writes(version.pk)
    balance = _of_balance(version.pk)
    return [
        _of_actuals(cycle),
        _of_baseline(cycle, at),
        _of_departments(cycle),
        _of_consensus(version.pk, at),
        balance,
        _of_finance(at, is_balance_stale=balance.is_stale),
    ]


class _Writes:
    """When each measure of a version last changed in content. Folding a head does not count."""

    def __init__(self, version_id: int) -> None:
        self.version_id = version_id
        moves = Move.objects.filter(head__version_id=version_id).exclude(kind__in=FOLDINGS)
        self._moves = dict(moves.values_list("head__measure").annotate(at=Max("at")))
        edits = Edit.objects.filter(head__version_id=version_id)
        self._edits = dict(edits.values_list("head__measure").annotate(at=Max("batch__at")))

    def last(self, measures: Iterable[str]) -> dt.datetime | None:
        found = [at for code in measures for at in (self._moves.get(code), self._edits.get(code)) if at]
        return max(found, default=None)


def _idle(title: str) -> RunStanding:
    return RunStanding(title, "idle", _("not run yet"), "")


def _of_actuals(cycle: Cycle) -> RunStanding:
    title = _("Actuals")
    try:
        version = get_actuals_version()
        head = get_heads(version_id=version.pk, measures=["actual"])["actual"]
    except Missing:
        return RunStanding(title, "idle", _("not loaded yet"), "")
    block = Block.objects.only("first_month", "ncols", "nrows").get(pk=head.block_id)
    batch = Batch.objects.filter(version=version).order_by("-at").first()
    if block.ncols == 0:
        return RunStanding(title, "idle", _("not loaded yet"), "")
    last = block.first_month + block.ncols - 1
    title = _("Actuals to %(month)s") % {"month": formats.month_long(last)}
    when = formats.moment(batch.at) if batch else ""
    when += " · " + _size(block.nrows, ngettext("%(n)s series", "%(n)s series", block.nrows))
    if last < cycle.month - 1:
        missing = formats.month_long(cycle.month - 1)
        return RunStanding(title, "warn", when, _("%(month)s is missing") % {"month": missing})
    return RunStanding(title, "ok", when, _("complete"))


def _of_baseline(cycle: Cycle, at: _Writes) -> RunStanding:
    title = _("Baseline forecast")
    ran_at = at.last(["baseline"])
    if ran_at is None:
        return _idle(title)
    job = Job.objects.filter(kind="forecast", state=JobState.DONE, scope__cycle=cycle.pk).order_by("-pk").first()
    result: dict[str, Any] = (job.result if job else None) or {}
    series = result.get("series")
    when = formats.moment(ran_at)
    if series is not None:
        when += " · " + _size(series, ngettext("%(n)s series", "%(n)s series", series))
    if (loaded := at.last(["actual"])) and loaded > ran_at:
        return RunStanding(title, "bad", when, _("Stale: newer actuals"))
    wmape = result.get("accuracy", {}).get("backtest_wmape")
    note = _("WMAPE %(rate)s") % {"rate": formats.percent(wmape * 100)} if wmape is not None else _("current")
    return RunStanding(title, "ok", when, note)


def _of_departments(cycle: Cycle) -> RunStanding:
    title = _("Department inputs")
    lines = list_department_lines(cycle)
    if not lines:
        return RunStanding(title, "idle", _("not open yet"), "")
    missing = [line for line in lines if not line.is_in]
    when = _("%(done)s of %(all)s in") % {"done": len(lines) - len(missing), "all": len(lines)}
    if not missing:
        return RunStanding(title, "ok", when, _("complete"))
    names = formats.listing(f"{line.name} {line.status}" for line in missing[:2])
    return RunStanding(title, "warn", when, names)


def _of_consensus(version_id: int, at: _Writes) -> RunStanding:
    title = _("Consensus demand")
    built_at = at.last(["proposal"])
    if built_at is None:
        return _idle(title)
    changed_at = at.last(["proposal", "override"]) or built_at
    when = formats.moment(changed_at)
    fed_at = at.last(["baseline", *(stream.code for stream in STREAMS)])
    if fed_at and fed_at > built_at:
        return RunStanding(title, "bad", when, _("Stale: inputs changed since"))
    if without := count_overrides_without_reason(version_id=version_id):
        note = ngettext("%(n)s override without reason", "%(n)s overrides without reason", without)
        return RunStanding(title, "warn", when, note % {"n": formats.number(without)})
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    cells = Edit.objects.filter(head__version_id=version_id, head__measure="override", batch__at__gte=today).count()
    note = ngettext("%(n)s cell changed today", "%(n)s cells changed today", cells)
    return RunStanding(title, "ok", when, note % {"n": formats.number(cells)})


def _of_balance(version_id: int) -> RunStanding:
    title = _("Supply balance")
    state = get_data_state(version_id)
    if state.run is None:
        return _idle(title)
    when = f"{formats.moment(state.run.finished_at)} · {formats.number(state.run.seconds, 1)} s"
    if state.reasons:
        return RunStanding(title, "bad", when, _("Stale: %(reasons)s") % {"reasons": formats.sentences(*state.reasons)})
    return RunStanding(title, "ok", when, _("current"))


def _of_finance(at: _Writes, *, is_balance_stale: bool) -> RunStanding:
    title = _("Financial projection")
    valued_at = at.last(["profit"])
    if valued_at is None:
        return _idle(title)
    when = formats.moment(valued_at)
    if is_balance_stale:
        return RunStanding(title, "bad", when, _("Stale with the balance"))
    fed_at = at.last(["constrained", "override", "proposal"])
    if fed_at and fed_at > valued_at:
        return RunStanding(title, "bad", when, _("Stale: quantities changed since"))
    return RunStanding(title, "ok", when, _("current"))


def _size(count: int, pattern: str) -> str:
    return pattern % {"n": formats.number(count)}

"""What a planner is told at the moment of editing: outside the band, too small to matter, how earlier changes did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.formats import month_long, number, points
from demand.board import Desk
from demand.choices import Stream
from demand.measures import CONSENSUS, PROPOSAL
from demand.rules import is_outside_band, is_too_small_to_matter
from demand.selectors.accuracy import load_author_records
from demand.selectors.readers import UnitReader
from plans.selectors import get_heads, load_measure

MOST_TOLD = 3
JUDGED = (CONSENSUS, Stream.SALES)


def build_advice(desk: Desk, cells: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """``cells`` : measure, absolute month and value in units (None clears). Nothing is written.

    ``{"warnings": [sentence], "own": {"tone", "text"} or None}``: the warnings of the first cells, and what the
    person's own changes at this place did to the error since their months closed.
    """
    proposal = _load_proposal(desk)
    warnings = [text for cell in cells if (text := _warn(desk, proposal, cell))]
    rest = len(warnings) - MOST_TOLD
    if rest > 0:
        warnings[MOST_TOLD:] = [ngettext("and %(n)s more", "and %(n)s more", rest) % {"n": number(rest)}]
    return {"warnings": warnings, "own": _own_record(desk)}


def _load_proposal(desk: Desk) -> dict[int, int | None]:
    months = range(desk.cycle.month, desk.cycle.month + desk.cycle.horizon)
    heads = get_heads(version_id=desk.version.pk, measures=[PROPOSAL])
    figures = UnitReader(desk.place).read(desk.version.pk, (PROPOSAL,), months, heads)[PROPOSAL]
    return dict(zip(months, figures, strict=True))


def _warn(desk: Desk, proposal: Mapping[int, int | None], cell: Mapping[str, Any]) -> str:
    """The one sentence a cell deserves, empty when it deserves none."""
    month, value = cell["month"], cell["value"]
    if cell["measure"] not in JUDGED or value is None or month not in proposal:
        return ""
    column, scale = desk.figures.column(month), desk.figures.scale
    low, high = desk.figures.low[column], desk.figures.high[column]
    if low is None or high is None:
        return ""
    units = round(value * 10**scale)
    words = {
        "month": month_long(month),
        "low": number(low / 10**scale, scale),
        "high": number(high / 10**scale, scale),
        "proposal": number((proposal[month] or 0) / 10**scale, scale),
    }
    if is_outside_band(units, low, high):
        return (
            _("%(month)s: outside the 80 %% band of the model, %(low)s to %(high)s. Say what the model cannot know.")
            % words
        )
    if cell["measure"] == CONSENSUS and is_too_small_to_matter(units, proposal[month] or 0, low, high):
        return _("%(month)s: so near the proposal %(proposal)s that the change drowns in the forecast's noise.") % words
    return ""


def _own_record(desk: Desk) -> dict[str, str] | None:
    """What the person's own changes at this place did, from the ledger of frozen plans whose months have closed."""
    cube = load_measure(version_id=desk.version.pk, measure=CONSENSUS)
    keys = cube.axis.keys[desk.place.rows(cube.axis)]
    records = load_author_records(cycle=desk.cycle, keys=keys)
    own = next((record for record in records if record.author == str(desk.user)), None)
    if own is None:
        return None
    text = ngettext("Your last change here: %(points)s.", "Your last %(n)s changes here: %(points)s.", own.changes) % {
        "n": number(own.changes),
        "points": points(-own.error_change * 100),
    }
    helped = own.error_change <= 0
    text += " " + (_("They made the forecast better.") if helped else _("They made the forecast worse."))
    return {"tone": "good" if helped else "bad", "text": text}

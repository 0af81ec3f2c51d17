"""The register of activities as its page and its endpoint show it: rows in words, the message over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core.api import etag_of
from core.formats import money, month_long, month_range, number, percent, signed
from core.months import format_month
from cycles.models import Cycle
from demand.choices import EffectReason, EventKind
from demand.models import Event
from demand.selectors.activities import Activity, Verdict, load_activities
from masterdata.models import Org, Product
from masterdata.selectors import get_company


@dataclass(frozen=True)
class ActivityRow:
    """One activity in words; ``form`` holds what the dialog edits."""

    code: str
    title: str
    kind: str
    kind_label: str
    owner: str
    period: str
    place: str
    units: float | None
    money: float | None
    price: float | None
    verdict: str
    verdict_text: str
    is_past: bool
    may_edit: bool
    form: dict[str, Any]


def build_register(user: User, cycle: Cycle, version_id: int | None = None) -> dict[str, Any]:
    """Rows by money, and the sentence over them; weighed on the cycle's plan, or on the scenario named."""
    may_edit = can(user, "activity.edit")
    activities = load_activities(cycle=cycle, scope=get_scope(user), may_edit=may_edit, version_id=version_id)
    rows = [_row(activity) for activity in activities]
    groups = [("ahead", [row for row in rows if not row.is_past]), ("past", [row for row in rows if row.is_past])]
    return {"message": _message(activities), "rows": rows, "groups": groups, **dict(groups)}


def event_json(activity: Activity) -> dict[str, Any]:
    """An activity as the API gives it: its terms, its effect in the plan, the forecast's word, its entity tag."""
    verdict = activity.verdict
    return {
        **terms_json(activity.event),
        "effect": {"units": activity.effect.units, "money": activity.effect.money},
        "forecast": verdict and vars(verdict),
    }


def terms_json(event: Event) -> dict[str, Any]:
    """What is said about an event, with the tag that a change must name."""
    return {
        "code": event.code,
        "kind": event.kind,
        "from_month": format_month(event.from_month),
        "to_month": None if event.to_month is None else format_month(event.to_month),
        "product": event.product.code if event.product else None,
        "org": event.org.code if event.org else None,
        "uplift_pct": event.uplift_pct,
        "uplift_quantity": None if event.uplift_quantity is None else float(event.uplift_quantity),
        "price_change_pct": event.price_change_pct,
        "owner": event.owner,
        "note": event.note,
        "etag": event_tag(event),
    }


def event_tag(event: Event) -> str:
    """Entity tag of what a reader has seen of an event."""
    return etag_of("event", event.pk, event.revision)


def _row(activity: Activity) -> ActivityRow:
    event = activity.event
    state, text = describe_verdict(activity.verdict, event)
    return ActivityRow(
        code=event.code,
        title=event.note or event.code,
        kind=event.kind,
        kind_label=str(EventKind(event.kind).label),
        owner=event.owner,
        period=_period(event),
        place=_place_name(event.product, event.org),
        units=activity.effect.units,
        money=activity.effect.money,
        price=event.price_change_pct,
        verdict=state,
        verdict_text=text,
        is_past=activity.is_past,
        may_edit=activity.may_edit,
        form=terms_json(event),
    )


def describe_verdict(verdict: Verdict | None, event: Event) -> tuple[str, str]:
    """(ok, warn or idle; sentence): whether the forecast accepted an event, and why."""
    if event.kind == EventKind.NPD and not _says_anything(event):
        return "idle", _("planned as a launch")
    if verdict is None:
        if not _says_anything(event):
            return "idle", _("no effect given: for information")
        return "idle", _("not in the last forecast")
    if not verdict.kept:
        known = verdict.why in EffectReason.values
        why = EffectReason(verdict.why) if known else EffectReason.NO_GAIN
        return "idle" if why in (EffectReason.PAST, EffectReason.NOTHING_SAID) else "warn", str(why.label)
    text = _("accepted, %(kept)s of %(series)s series") % {"kept": verdict.kept, "series": verdict.series}
    if verdict.why == EffectReason.DECLARED:
        text = _("as declared, %(series)s series") % {"series": verdict.kept}
    if verdict.effect_pct is not None:
        text = f"{text}, {percent(verdict.effect_pct, sign=True)}"
    return "ok", text


def _says_anything(event: Event) -> bool:
    return any(said is not None for said in (event.uplift_pct, event.uplift_quantity, event.price_change_pct))


def _message(activities: list[Activity]) -> str:
    ahead = [activity for activity in activities if not activity.is_past]
    if not ahead:
        return _("No activity moves the demand ahead")
    units = sum(activity.effect.units or 0 for activity in ahead)
    worth = sum(activity.effect.money or 0 for activity in ahead)
    text = ngettext(
        "%(n)s activity ahead: %(units)s units, %(money)s",
        "%(n)s activities ahead: %(units)s units, %(money)s",
        len(ahead),
    ) % {"n": number(len(ahead)), "units": signed(units), "money": money(worth, get_company(), sign=True)}
    refused = sum(describe_verdict(activity.verdict, activity.event)[0] == "warn" for activity in ahead)
    if refused:
        text += ngettext("; the forecast left %(n)s out", "; the forecast left %(n)s out", refused) % {"n": refused}
    return text


def _period(event: Event) -> str:
    if event.to_month is None:
        return _("from %(month)s") % {"month": month_long(event.from_month)}
    if event.to_month == event.from_month:
        return month_long(event.from_month)
    return month_range(event.from_month, event.to_month)


def _place_name(product: Product | None, org: Org | None) -> str:
    names = [product.label if product else _("All products"), org.label if org else _("all regions")]
    return " · ".join(names)

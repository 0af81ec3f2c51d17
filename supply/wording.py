"""Sentences for what the engine returns as codes: causes, options, findings. In the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core.formats import month_long, number
from masterdata.choices import ResourceKind
from supply.choices import CauseKind, OptionKind


@dataclass(frozen=True)
class Names:
    """Code → name of everything a sentence may mention; a code without a name speaks for itself.

    ``kinds`` are those of resources by code, so that a sentence can tell people from machines.
    """

    by_code: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, code: str) -> str:
        product, bar, site = code.partition("|")
        if bar:
            return f"{self(product)}, {self(site)}"
        return self.by_code.get(code) or code


def say_cause(
    kind: str,
    code: str,
    month: int,
    *,
    is_confirmed: bool | None,
    removed: float | None = None,
    names: Names | None = None,
) -> str:
    """One sentence on why something is short; ``month`` is absolute, ``removed`` what relaxing it freed.

    A cause that was not confirmed says so; None for one behind the first, which is not tried.
    """
    known = names or Names()
    when = month_long(month)
    sentence = {
        "resource": _no_hours(known.kinds.get(code, "")),
        "supplier": _("%(name)s: the supplier delivers no more in %(when)s."),
        "lead_time": _("%(name)s cannot arrive before %(when)s is over: its lead time is too long."),
        "transit": _("Goods from %(name)s cannot arrive in %(when)s: the transport takes too long."),
        "fence": _("The plan for %(name)s in %(when)s is frozen by the last release."),
        "routing_limit": _("%(name)s is at its monthly limit in %(when)s."),
        "storage": _("%(name)s has no storage space left in %(when)s, so nothing can be built ahead."),
        "no_route": _("No site that makes or holds %(name)s delivers to this customer."),
        "no_routing": _("No site can make %(name)s."),
        "margin": _("%(name)s costs more than it brings in %(when)s."),
    }[kind] % {"name": known(code), "when": when}
    added = ""
    if is_confirmed and removed:
        added = _("Relaxing it removes %(units)s units.") % {"units": number(removed)}
    elif is_confirmed is False:
        added = _("Ranked by its price, not confirmed by a trial.")
    return f"{sentence} {added}".rstrip()


def _no_hours(kind: str) -> str:
    """What is used up, by the kind of resource; a line where nothing is known."""
    return {
        ResourceKind.LABOUR: _("%(name)s has no working hours left in %(when)s: there are not enough people."),
        ResourceKind.EQUIPMENT: _("%(name)s has no machine hours left in %(when)s."),
        ResourceKind.WAREHOUSE: _("%(name)s can handle no more in %(when)s: the warehouse is at its limit."),
        ResourceKind.ENGINEERING: _("%(name)s has no engineering hours left in %(when)s."),
        ResourceKind.MATERIAL: _("%(name)s has nothing left in %(when)s."),
    }.get(ResourceKind(kind or ResourceKind.LINE), _("%(name)s has no hours left in %(when)s."))


def label_cause(kind: str, code: str, names: Names) -> str:
    """Two words for a list: the kind of a cause, of a resource what it is."""
    known = names.kinds.get(code)
    if kind == CauseKind.RESOURCE and known:
        return {
            ResourceKind.LABOUR: _("people"),
            ResourceKind.EQUIPMENT: _("equipment"),
            ResourceKind.WAREHOUSE: _("warehouse"),
            ResourceKind.ENGINEERING: _("engineering"),
            ResourceKind.MATERIAL: _("material"),
        }.get(ResourceKind(known), _("line"))
    return str(CauseKind(kind).label)


def say_option(kind: str, target: str) -> str:
    """The title of a way out with what it is applied to."""
    title = str(OptionKind(kind).label)
    return f"{title}: {target}" if target else title


def say_settings(settings: Iterable[Mapping[str, Any]], names: Names) -> str:
    """What somebody tried, one sentence part a setting; also for the list of what a scenario changes."""
    return ", ".join(_say_setting(setting, names) for setting in settings)


def _say_setting(setting: Mapping[str, Any], names: Names) -> str:
    facts = {key: names(str(setting.get(key, ""))) for key in ("resource", "material", "product", "org")}
    facts |= {"when": month_long(setting["month"]), "units": number(setting.get("quantity"))}
    match setting["kind"]:
        case "order":
            number_of = setting.get("order")
            head = _("Rush order %(order)s") % {"order": number_of} if number_of else _("Rush order")
            return _("%(head)s: %(units)s %(product)s for %(org)s in %(when)s") % {**facts, "head": head}
        case "demand":
            return _("%(product)s for %(org)s in %(when)s: %(units)s asked") % facts
        case "allocate":
            first = ", ".join(names(code) for code in setting.get("orgs") or ())
            return {
                "fair": _("%(product)s in %(when)s shared out evenly"),
                "margin": _("%(product)s in %(when)s to the market that earns most"),
                "priority": _("%(product)s in %(when)s to %(first)s first"),
            }[setting["rule"]] % {**facts, "first": first}
        case "supply":
            return _("%(material)s in %(when)s: supplier delivers %(units)s") % {
                **facts,
                "units": number(setting["max_quantity"]),
            }
    parts = {
        "shifts": _("%(value)s shifts a day"),
        "jph": _("%(value)s jobs per hour"),
        "lost_hours": _("%(value)s hours lost"),
        "overtime_hours": _("%(value)s hours of overtime"),
    }
    said = [
        text % {"value": number(setting[name], 1 if setting[name] % 1 else 0)}
        for name, text in parts.items()
        if setting.get(name) is not None
    ]
    return _("%(resource)s in %(when)s: %(changes)s") % {**facts, "changes": ", ".join(said)}


def say_answer(supplier: str, units: Any, asked: Any, month: int) -> str:
    """What a supplier answered to a month, for the list of what is short."""
    return _("%(supplier)s answered: %(units)s of the %(asked)s asked in %(when)s.") % {
        "supplier": supplier,
        "units": number(units),
        "asked": number(asked),
        "when": month_long(month),
    }


def say_money_line(code: str) -> str:
    """A line of the plan's money; see ``engine.balancing.compare``."""
    return {
        "revenue": _("Revenue"),
        "making": _("Making"),
        "materials": _("Materials"),
        "extra_capacity": _("Extra capacity"),
        "freight": _("Freight"),
        "holding": _("Stock"),
        "shortage": _("Shortage"),
        "profit": _("Margin"),
    }[code]


def say_finding(code: str, key: str, values: Mapping[str, Any]) -> str:
    """A remark on the inputs, with what to do about it."""
    parameters = {"key": key, **values}
    return {
        "no_routing": _("%(key)s has no routing: it can be delivered from stock only. Add a routing."),
        "no_routing_needed": _("There are no routings: %(key)s is made without limit."),
        "component_not_made": _("%(key)s goes into %(parent)s and no site makes it. Add a routing."),
        "no_lane": _("No lane leads from a site with %(key)s to %(org)s. Add a lane."),
        "pipeline_unknown": _(
            "Neither stock nor open purchases of materials are given. For %(key)s deliveries inside its lead time of"
            " %(lag)s months are taken as possible up to the supplier's limit. Import open purchases."
        ),
        "count_moved": _(
            "The stock of %(key)s was counted for %(counted)s, the plan starts in %(when)s. It begins with what was"
            " made and delivered since, else with what the last approved plan leaves there. Import the new count."
        ),
        "count_old": _(
            "The stock of %(key)s was counted for %(counted)s, the plan starts in %(when)s, and no approved plan leads"
            " up to it: the old count stands. Import the new one."
        ),
        "count_missing": _(
            "The stock of %(key)s was never counted: in %(when)s it begins with what the last approved plan leaves"
            " there. Import a count."
        ),
        "stock_not_where_used": _("Stock of %(key)s lies at %(site)s, where nothing uses it; it is left out."),
        "no_priorities": _(
            "Figures of very different size left no plan by priority: all customers are served as it pays. Check them."
        ),
        "no_whole_numbers": _(
            "Figures of very different size left no plan in whole set-ups, orders, shifts and people: there may be"
            " fractions of them. Check the figures."
        ),
        "hours_apart": _(
            "A unit of %(key)s takes %(most)s hours, one of %(other)s %(least)s: figures of such different size defeat"
            " exact planning. Check both."
        ),
        "units_apart": _(
            "Of %(key)s %(most)s a month are asked for, of %(other)s %(least)s: figures of such different size defeat"
            " exact planning. Check both, or use a larger unit."
        ),
        "costs_apart": _(
            "A unit of %(key)s costs %(most)s, one of %(other)s %(least)s: figures of such different size defeat exact"
            " planning. Check both."
        ),
        "not_solvable": _("No plan was found: the figures are too far apart. Check those that are named."),
        "overtime_cheap": _(
            "Overtime of %(key)s costs less than its regular hours; it is planned at the regular cost. Check both."
        ),
        "order_too_small": _(
            "%(key)s: the plan buys %(quantity)s in %(when)s, the supplier's least order is %(least)s (months below it:"
            " %(count)s). Round the orders up or order for several months at once."
        ),
        "stock_expired": _(
            "%(key)s: %(quantity)s in stock are past their shelf life and left out. Scrap them, or correct the date or"
            " the shelf life."
        ),
        "no_exchange_rate": _("No exchange rate for %(key)s: its prices are taken as they are. Add a rate."),
        "resource_unknown": _("A routing of %(key)s names the resource %(resource)s, which does not exist."),
        "component_cycle": _("%(key)s contains itself through its components. Remove one of the lines."),
        "fence_above_limit": _(
            "The released plan of %(key)s in %(when)s needs more than there is: %(quantity)s are missing."
        ),
        "plan_near": _(
            "This plan is too large to be solved exactly: it is within %(share)s of the best possible, proven."
            " In the parts that lose most causes are confirmed and ways out priced; all other causes are only ranked."
        ),
        "solvers_disagree": _(
            "%(key)s and %(solver)s differ by %(share)s on the best plan. Tell your administrator; the plan keeps"
            " every rule all the same."
        ),
        "stock_above_limit": _(
            "%(key)s: more than its limit lies in stock until %(when)s, at most %(quantity)s too many. Opening stock"
            " and frozen production are above it, whatever is planned. Raise the limit or sell more."
        ),
        "frozen_cut": _(
            "%(key)s: %(quantity)s of the frozen production of %(when)s cannot be made; used up: %(missing)s. Change"
            " the frozen plan, expedite, add hours, or check the count."
        ),
        "stock_limit_broken": _("%(key)s: stock is %(quantity)s above its limit in %(when)s."),
        "storage_limit_broken": _("%(key)s: %(quantity)s more lie in stock in %(when)s than it has room for."),
        "end_stock_missed": _("%(key)s: %(quantity)s are missing to the stock wanted at the end of %(when)s."),
    }[code] % parameters

"""What people said and declared about the demo company's demand beside the figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from accounts.choices import Role
from accounts.models import User
from core.months import first_day
from cycles.models import Cycle
from demand.choices import NoteKind, OrderKind, Stream
from demand.services import add_comment
from demand.services.declaring import ConsumptionTerms, declare_consumption_rule
from demand.services.orders import OrderTerms, add_order
from demand.services.take_rates import set_take_rates
from masterdata.models import Org, Product
from plans.selectors import get_working_version
from sop.demo.words import say


def talk_about_demand(cycle: Cycle, people: dict[str, User]) -> None:
    """A rush order by hand, typed take rates, a declared consumption rule, market and customer notes."""
    products = {row.code: row for row in Product.objects.filter(code__in=["E7", "NEV", "E7-LR-W", "S6"])}
    orgs = {row.code: row for row in Org.objects.filter(code__in=["CN", "SH"])}
    add_order(
        terms=OrderTerms(
            product=products["E7-LR-W"],
            org=orgs["SH"],
            quantity=Decimal(45),
            due_date=first_day(cycle.month) + dt.timedelta(days=20),
            kind=OrderKind.CUSTOMER,
            customer=say("Airport shuttle service"),
            priority=1,
            reason=say("Contract starts with the new year"),
        ),
        actor=people[Role.DEMAND_LEAD],
    )
    set_take_rates(
        product=products["E7"],
        attribute="config",
        shares={say("AWD"): 0.28, say("Long Range"): 0.46, say("Standard"): 0.26},
        reason=say("Winter package sells AWD in the north"),
        actor=people[Role.MARKETING],
    )
    declare_consumption_rule(
        product=products["NEV"], terms=ConsumptionTerms(back_months=1, forward_months=2), actor=people[Role.DEMAND_LEAD]
    )
    version = get_working_version(cycle)
    for product, kind, stream, text in (
        ("E7", NoteKind.MARKET, Stream.SALES, "Rivals shorten delivery to two weeks from next month on"),
        ("S6", NoteKind.CUSTOMER, Stream.CHANNEL, "Dealers ask for the Sport version without sunroof"),
    ):
        add_comment(
            version=version,
            measure=stream,
            product=products[product],
            org=orgs["CN"],
            month=cycle.month + 1,
            text=say(text),
            kind=kind,
            actor=people[Role.DEMAND_LEAD],
        )

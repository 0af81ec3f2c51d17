"""What the demo company's suppliers answered to the last release: most as asked, a pack line short, a shipment late."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from accounts.choices import Role
from accounts.models import User
from core.months import first_day
from masterdata.models import OpenPurchase
from sop.demo.words import say
from supply.choices import AnswerKind
from supply.selectors.supplier_plan import AskedRow, get_supplier_plan
from supply.services.answers import CellWord, DateWord, answer_cells, confirm_open, promise_purchases

SHORT_SHARE, LATE_SHARE = Decimal("0.88"), Decimal("0.25")
ANSWERED_MONTHS = 6  # CellNova has looked half a year ahead; PowerLink all of it, Huaxin not at all


def answer_release(people: dict[str, User]) -> None:
    """CellNova in the portal, PowerLink by telephone; Huaxin has not answered yet."""
    supplier, purchasing = people[Role.SUPPLIER], people[Role.PURCHASING]
    plan = get_supplier_plan(user=supplier)
    number = plan.release.number
    words = [word for row in plan.rows if row.material.code != "B90" for word in _words(row)]
    answer_cells(release=number, words=words, actor=supplier)
    power = get_supplier_plan(user=purchasing, supplier="POWERLINK")
    confirm_open(release=number, materials=[row.material.code for row in power.rows], actor=purchasing)
    late = OpenPurchase.objects.filter(material__code="B60").order_by("arrival_month").last()
    if late is not None and late.promised_date is not None:
        day = late.promised_date + dt.timedelta(days=6)
        promise_purchases(words=[DateWord(late.pk, day, say("Ship waits for a berth"))], actor=supplier)


def _words(row: AskedRow) -> list[CellWord]:
    """The third month is short of B75, the fourth partly late; everything else comes as asked."""
    words = []
    for position, cell in enumerate(row.asked[:ANSWERED_MONTHS]):
        word = CellWord(row.material.code, cell.month, AnswerKind.CONFIRMED)
        if row.material.code == "B75" and position == 2:
            units = (cell.asked * SHORT_SHARE).quantize(Decimal(1))
            word = CellWord(
                row.material.code,
                cell.month,
                AnswerKind.LESS,
                units,
                note=say("Second coating line is down for repair"),
            )
        elif row.material.code == "B75" and position == 3:
            units, day = (cell.asked * LATE_SHARE).quantize(Decimal(1)), first_day(cell.month + 1)
            word = CellWord(
                row.material.code, cell.month, AnswerKind.LATER, units, day + dt.timedelta(days=8),
                say("Works through Spring Festival, ships after it"),
            )  # fmt: skip
        words.append(word)
    return words

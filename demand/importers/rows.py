"""inputs, orders and events: plain rows; a commit also brings an open working plan up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from demand.choices import EventKind, OrderKind, OrderStatus, Stream
from demand.models import Event, Order, StreamInput
from demand.services import follow_new_inputs, follow_new_orders
from demand.streams import find_stream
from masterdata.importers.columns import (
    CHOICE,
    CODE,
    DATE,
    EMPTY,
    INTEGER,
    MONTH,
    QUANTITY,
    RATE,
    TEXT,
    YES_NO,
    Column,
)
from masterdata.importers.context import ImportContext
from masterdata.importers.spec import UPPER_ROOMS, SheetChanges, SheetData, SheetSpec, register_sheet
from masterdata.importers.stores import ModelStore

PRODUCT = Column("product", CODE, required=True, refers_to=("products",))
ORG = Column("org", CODE, required=True, refers_to=("orgs",))


@dataclass(frozen=True)
class FollowedStore(ModelStore):
    """Rows whose commit lets the plan follow, after the import's own transaction."""

    follow: Callable[[User | None], None] = lambda _actor: None

    def write(self, sheet: SheetData, changes: SheetChanges, context: ImportContext) -> None:
        super().write(sheet, changes, context)
        transaction.on_commit(partial(self.follow, context.actor))


class InputStore(FollowedStore):
    """Departmental figures; a new or changed one waits to be laid over the plan."""

    def write(self, sheet: SheetData, changes: SheetChanges, context: ImportContext) -> None:
        super().write(sheet, changes, context)
        written: Any = self.model._default_manager  # of StreamInput: the base class knows neither column
        written.filter(revision=context.revision).update(applied_to=None, author=context.actor)


def _check_streams(sheet: SheetData, _context: ImportContext) -> None:
    """Any usual word for a stream is accepted and kept as its code."""
    words = sheet.columns.get("stream", [])
    for index, word in enumerate(words):
        if word is EMPTY:
            continue
        stream = find_stream(word)
        if stream is None:
            sheet.reject(index, "unknown_choice", column="stream", value=word, choices=", ".join(Stream.values))
        else:
            words[index] = stream.code


def _check_event_months(sheet: SheetData, _context: ImportContext) -> None:
    pairs = zip(sheet.values("from_month"), sheet.values("to_month"), strict=True)
    for index, (first, last) in enumerate(pairs):
        if first is not None and last is not None and last < first:
            sheet.reject(index, "months_reversed", column="to_month")


INPUTS = register_sheet(
    SheetSpec(
        name="inputs",
        title=_("Departmental figures"),
        order=UPPER_ROOMS + 20,
        aliases=("需求输入", "部门预测", "input", "streams"),
        key=("stream", "product", "org", "month"),
        check=_check_streams,
        store=InputStore(StreamInput, follow=follow_new_inputs),
        columns=(
            Column("stream", TEXT, required=True, max_length=24, aliases=("来源", "数据来源")),
            PRODUCT,
            ORG,
            Column("month", MONTH, required=True),
            Column("quantity", QUANTITY, required=True),
            Column("reason", TEXT, max_length=500, aliases=("理由", "依据")),
        ),
    )
)

ORDERS = register_sheet(
    SheetSpec(
        name="orders",
        title=_("Orders"),
        order=UPPER_ROOMS + 30,
        aliases=("订单", "在手订单", "order"),
        key=("order", "line"),
        store=FollowedStore(Order, follow=follow_new_orders),
        columns=(
            Column("order", CODE, required=True, aliases=("订单", "订单号")),
            Column("line", CODE, aliases=("行", "行号")),
            PRODUCT,
            ORG,
            Column("quantity", QUANTITY, required=True, minimum=0.000001),
            Column("due_date", DATE, required=True, aliases=("交期", "交货日期")),
            Column("customer", TEXT, max_length=120, aliases=("客户",)),
            Column("kind", CHOICE, choices=OrderKind, aliases=("类型",)),
            Column("priority", INTEGER, minimum=1, maximum=99, aliases=("优先级",)),
            Column("custom", YES_NO, aliases=("定制", "定制款")),
            Column("status", CHOICE, choices=OrderStatus, aliases=("状态",)),
            Column("requested_by", TEXT, max_length=120, aliases=("申请人",)),
            Column("reason", TEXT, aliases=("理由",)),
            Column("for_order", CODE, aliases=("客户订单", "客户订单号")),
        ),
    )
)

EVENTS = register_sheet(
    SheetSpec(
        name="events",
        title=_("Events and activities"),
        order=UPPER_ROOMS + 40,
        aliases=("活动", "事件", "event"),
        key=("code",),
        check=_check_event_months,
        store=ModelStore(Event),
        columns=(
            Column("code", CODE, required=True, aliases=("编码", "活动编码")),
            Column("kind", CHOICE, required=True, choices=EventKind, aliases=("类型",)),
            Column("from_month", MONTH, required=True, aliases=("开始月份",)),
            Column("to_month", MONTH, aliases=("结束月份",)),
            Column("product", CODE, refers_to=("products",)),
            Column("org", CODE, refers_to=("orgs",)),
            Column("uplift_pct", RATE, minimum=-100, maximum=1000, aliases=("提升百分比",)),
            Column("uplift_quantity", QUANTITY, minimum=None, aliases=("提升数量",)),
            Column("price_change_pct", RATE, minimum=-100, maximum=1000, aliases=("价格变化",)),
            Column("owner", TEXT, max_length=120, aliases=("负责人",)),
            Column("note", TEXT, max_length=500, aliases=("备注", "说明")),
        ),
    )
)

"""Purchasing takes a supplier's answer into the plan, or tries it in a scenario."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, InvalidInput, Missing
from core.formats import month_long
from core.models import Job
from core.months import first_day, format_month, month_of
from cycles.models import Cycle
from cycles.selectors import get_current_cycle
from masterdata.models import MaterialSupply, OpenPurchase
from masterdata.selectors import get_company
from masterdata.services.importing import take_lock, take_revision
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors import get_version, get_working_version
from plans.services import fork_version
from supply.choices import AnswerKind, OptionKind
from supply.models import AcceptedAnswer, BalanceRun, PurchasePromise, SupplierAnswer, SupplyOption
from supply.selectors.accepted import as_setting
from supply.selectors.opening import load_open_purchases
from supply.selectors.runs import get_latest_run, load_names
from supply.selectors.supplier_plan import lead_months, why_closed
from supply.services.balance import enqueue_balance
from supply.services.options import adopt_option
from supply.wording import say_settings


def accept_answer(*, answer_id: int, actor: User) -> AcceptedAnswer:
    """Make an answer the supplier's limit of its month; the plan's next balance counts with it.

    The limit is what comes in time and what is on its way besides. What comes later becomes a purchase of its own, with
    its date. Accepting a newer answer to the cell takes the earlier one's place; the same again changes nothing. Audit
    verb ``supply.answer.accepted``. Raises ``Denied``, ``Missing``, ``InvalidInput``, ``Conflict``.
    """
    require(actor, "supplier.accept")
    answer = _answer(answer_id)
    with write_transaction():
        company = get_company()
        take_lock(company)
        found = AcceptedAnswer.objects.filter(answer=answer).first()
        if found is not None:
            return found
        revision = take_revision(company)
        limit = find_limit(answer)
        place: dict[str, Any] = {"material": answer.material, "month": answer.month}
        stated = MaterialSupply.objects.filter(**place).first()
        MaterialSupply.objects.update_or_create(**place, defaults={"max_quantity": limit, "revision": revision})
        _send_later(answer, revision, actor)
        found = AcceptedAnswer.objects.create(
            answer=answer, limit=limit, before=stated.max_quantity if stated else None, accepted_by=actor
        )
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="supply.answer.accepted",
            obj=answer,
            detail={
                "material": answer.material.code,
                "month": format_month(answer.month),
                "limit": limit,
                "before": found.before,
            },
        )
    return found


def try_answer(*, answer_id: int, actor: User, scenario_id: int | None = None) -> tuple[Version, Job, Decimal]:
    """Take an answer into a scenario (a new one of the next plan by default) and put its balance in the queue.

    Scenario, job and the supplier's limit in it.

    The plan itself stays as it is; when the scenario is decided on, the answer goes into the plan with it. Audit verb
    ``supply.option.adopted``. Raises as ``accept_answer``.
    """
    require(actor, "supplier.accept")
    require(actor, "scenario.write")
    answer = _answer(answer_id)
    cycle = get_current_cycle()
    if cycle is None or cycle.month != next_month(answer):
        raise Conflict(
            _("The cycle of %(month)s has not begun: there is no plan yet to make a scenario of.")
            % {"month": month_long(next_month(answer))},
            code="no_plan",
        )
    run = get_latest_run(get_working_version(cycle).pk)
    if run is None:
        raise Conflict(_("Run the balance first; what is kept is compared with it."), code="not_balanced")
    limit = find_limit(answer)
    with write_transaction():
        option = _option(answer, limit, run)
        scenario = _scenario(cycle, scenario_id, option, actor)
        adopt_option(option_id=option.pk, version_id=scenario.pk, actor=actor)
    return scenario, enqueue_balance(version_id=scenario.pk, actor=actor), limit


def find_limit(answer: SupplierAnswer) -> Decimal:
    """What the supplier delivers in the answer's month in all: what comes in time, and open purchases besides.

    Inside the lead time a sheet newer than the release has the release's own orders among them.
    """
    month, asked_from = answer.month, next_month(answer)
    purchases = load_open_purchases(asked_from)
    on_order = Decimal(0)
    for row in purchases.rows:
        expected = purchases.moved.get(row.pk, row.arrival_month)
        if row.material_id == answer.material_id and expected is not None and max(expected, asked_from) == month:
            on_order += row.quantity
    if purchases.lists_release and month - asked_from < lead_months(answer.material):
        on_order = max(Decimal(0), on_order - answer.asked)
    return answer.in_time + on_order


def next_month(answer: SupplierAnswer) -> int:
    """First month of the plan that can count with an answer: the one after the release's."""
    return answer.release.cycle.month + 1


def _answer(answer_id: int) -> SupplierAnswer:
    """The answer, if it can be taken. Raises ``Missing``, ``InvalidInput``, ``Conflict``."""
    rows = SupplierAnswer.objects.select_related("release__cycle", "material__supplier")
    answer = rows.filter(pk=answer_id).first()
    if answer is None:
        raise Missing(_("There is no such answer."), code="unknown_answer")
    same = {"release": answer.release, "material": answer.material, "month": answer.month}
    if rows.filter(**same, pk__gt=answer.pk).exists():
        raise Conflict(_("The supplier answered again since. Look at the newer answer."), code="answered_again")
    if closed := why_closed(answer.release):
        raise Conflict(closed, code="answers_closed")
    if answer.kind == AnswerKind.CONFIRMED:
        raise InvalidInput(_("It comes as asked: the plan counts with that already."), code="nothing_to_accept")
    if answer.month < next_month(answer):
        raise InvalidInput(
            _("%(month)s is over before the next plan begins. Follow it as a delivery, not as a limit.")
            % {"month": month_long(answer.month)},
            code="month_over",
        )
    return answer


def _send_later(answer: SupplierAnswer, revision: int, actor: User) -> None:
    """The part that comes later as a purchase on its way, in place of an earlier answer's."""
    order = f"R{answer.release.number} {answer.material.code} {format_month(answer.month)}"[:64]
    OpenPurchase.objects.filter(material=answer.material, order=order).delete()
    if answer.date is None:
        return
    OpenPurchase.objects.create(
        order=order,
        material=answer.material,
        arrival_month=month_of(answer.date),
        promised_date=answer.date,
        quantity=answer.quantity,
        revision=revision,
    )
    PurchasePromise.objects.create(
        material=answer.material,
        order=order,
        quantity=answer.quantity,
        date=answer.date,
        answer=answer,
        note=answer.note,
        author=actor,
        revision=revision,
    )


def _option(answer: SupplierAnswer, limit: Decimal, run: BalanceRun) -> SupplyOption:
    """The answer as something a scenario takes as given; what it does is seen by its balance."""
    return SupplyOption.objects.create(
        run=run,
        kind=OptionKind.WHAT_IF,
        target=answer.material.code,
        changes=[],
        detail=[as_setting(answer, limit)],
        start_month=answer.month,
        lead_days=0,
        decide_by=max(first_day(answer.month), timezone.localdate()),
        amount=0,
        units=0,
        revenue=0,
        gain=0,
        cost=0,
        stock=0,
        service=0,
        is_cost_known=False,
    )


def _scenario(cycle: Cycle, scenario_id: int | None, option: SupplyOption, actor: User) -> Version:
    if scenario_id is None:
        name = say_settings(option.detail, load_names())[:120]
        return get_version(fork_version(parent_id=get_working_version(cycle).pk, name=name, actor=actor))
    scenario = get_version(scenario_id)
    if scenario.kind != VersionKind.SCENARIO or scenario.cycle_id != cycle.pk:
        raise Missing(_("There is no such scenario."))
    return scenario

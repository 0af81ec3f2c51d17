"""Suppliers answer what a release asks of them, and give new dates for purchases on their way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import is_in_scope, require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, InvalidInput, Missing, unknown
from core.formats import month_long, number
from core.months import format_month, month_of
from masterdata.models import Material, OpenPurchase
from masterdata.selectors import get_company
from masterdata.services.importing import take_lock, take_revision
from supply.choices import AnswerKind
from supply.models import PurchasePromise, Release, SupplierAnswer
from supply.selectors.supplier_plan import list_latest_answers, load_asked, why_closed

MOST_ANSWERS = 5_000
LONGEST_NOTE = 300
LATEST_MONTHS = 24  # how far a date may lie behind the month asked for


@dataclass(frozen=True)
class CellWord:
    """An answer to one material and month. ``quantity`` and ``date`` as the kind wants them: see ``answer_cells``."""

    material: str
    month: int
    kind: str
    quantity: Decimal | None = None
    date: dt.date | None = None
    note: str = ""


@dataclass(frozen=True)
class DateWord:
    """A new date of the purchase with an id."""

    purchase: int
    date: dt.date
    note: str = ""


def answer_cells(*, release: int, words: Sequence[CellWord], actor: User) -> list[SupplierAnswer]:
    """Keep answers to the release with this number, all or none; the newest of each cell as it stands then.

    ``confirmed`` needs nothing, ``less`` what comes in the month, ``later`` the date and what comes then (without a
    quantity all of it), ``more`` what is possible in the month. Saying the same again changes nothing. Audit verb
    ``supply.answer.given``. Raises ``Denied``, ``Missing`` for a material that is not there or not the actor's to
    answer, ``InvalidInput``, ``Conflict`` when the release is closed for answers.
    """
    require(actor, "material.edit")
    if len(words) > MOST_ANSWERS:
        raise InvalidInput(_("At most %(n)d answers at once.") % {"n": MOST_ANSWERS}, code="too_many_answers")
    materials = _materials({word.material for word in words}, actor)
    with write_transaction():
        found = _open_release(release)
        asked = load_asked(found, [row.pk for row in materials.values()])[0]
        latest = list_latest_answers(found, [row.pk for row in materials.values()])
        fresh = {}
        for word in words:
            answer = _judge(word, found, materials[word.material], asked)
            answer.author = actor
            key = answer.material_id, answer.month
            if key in fresh:
                raise _refused(word, _("It is answered twice here."), "answered_twice")
            fresh[key] = _same(latest.get(key), answer)
        new = [answer for answer in fresh.values() if answer.pk is None]
        for answer in new:
            answer.save()
        if new:
            audit.record(
                chain=f"cycle:{found.cycle_id}",
                actor=actor,
                verb="supply.answer.given",
                obj=found,
                detail={"release": found.number, "answers": [_describe(answer) for answer in new]},
            )
    return list(fresh.values())


def confirm_open(*, release: int, materials: Sequence[str], actor: User) -> list[SupplierAnswer]:
    """Confirm every month of the materials that has no answer yet. Raises and records as ``answer_cells``."""
    rows = _materials(set(materials), actor)
    found = _open_release(release)
    ids = {row.pk: code for code, row in rows.items()}
    asked, latest = load_asked(found, ids)[0], list_latest_answers(found, ids)
    words = [CellWord(ids[pk], month, AnswerKind.CONFIRMED) for pk, month in sorted(asked) if (pk, month) not in latest]
    return answer_cells(release=release, words=words, actor=actor)


def promise_purchases(*, words: Sequence[DateWord], actor: User) -> list[PurchasePromise]:
    """Give purchases on their way another date, all or none: the next balance expects them then.

    The date before is kept with the new one; a date that stands already changes nothing. Audit verb
    ``supply.purchase.promised``. Raises ``Denied``, ``Missing`` for a purchase that is not there or not the actor's,
    ``InvalidInput``.
    """
    require(actor, "material.edit")
    with write_transaction():
        company = get_company()
        take_lock(company)
        ids = [word.purchase for word in words]
        rows = OpenPurchase.objects.select_related("material__supplier").in_bulk(ids)
        promises = []
        for word in words:
            purchase = rows.get(word.purchase)
            if purchase is None or not _may_answer(actor, purchase.material):
                raise Missing(_("There is no such purchase on its way."), code="unknown_purchase")
            _check_note(word.note)
            if abs(month_of(word.date) - purchase.arrival_month) > LATEST_MONTHS:
                raise InvalidInput(
                    _("%(order)s: the date is more than %(n)d months away from the one it had.")
                    % {"order": purchase.order or purchase.material.code, "n": LATEST_MONTHS},
                    code="invalid_date",
                    details={"purchase": purchase.pk},
                )
            if word.date != purchase.promised_date:
                promises.append(_promise(purchase, word, take_revision(company), actor))
        if promises:
            audit.record(
                chain=audit.SYSTEM,
                actor=actor,
                verb="supply.purchase.promised",
                obj=promises[-1],
                detail={"purchases": [_describe_promise(row) for row in promises]},
            )
    return promises


def _promise(purchase: OpenPurchase, word: DateWord, revision: int, actor: User) -> PurchasePromise:
    row = PurchasePromise.objects.create(
        material=purchase.material,
        order=purchase.order,
        quantity=purchase.quantity,
        month_before=purchase.arrival_month,
        date_before=purchase.promised_date,
        date=word.date,
        note=word.note.strip(),
        author=actor,
        revision=revision,
        revision_before=purchase.revision,
    )
    purchase.promised_date, purchase.arrival_month, purchase.revision = word.date, month_of(word.date), revision
    purchase.save(update_fields=["promised_date", "arrival_month", "revision"])
    return row


def _materials(codes: set[str], actor: User) -> dict[str, Material]:
    """By code. Raises ``Missing`` for the first that is not there, or not the actor's to answer."""
    rows = {row.code: row for row in Material.objects.select_related("supplier").filter(code__in=codes)}
    for code in sorted(codes):
        if code not in rows or not _may_answer(actor, rows[code]):
            raise unknown("material", code)
    return rows


def _may_answer(actor: User, material: Material) -> bool:
    return material.supplier is not None and is_in_scope(actor, supplier=material.supplier.code)


def _open_release(number_of: int) -> Release:
    release = Release.objects.select_related("cycle").filter(number=number_of).first()
    if release is None:
        raise Missing(_("There is no such release."), code="no_release")
    if closed := why_closed(release):
        raise Conflict(closed, code="answers_closed", details={"release": release.number})
    return release


def _judge(
    word: CellWord, release: Release, material: Material, asked: Mapping[tuple[int, int], Decimal]
) -> SupplierAnswer:
    """The answer as a row, not stored yet. Raises ``InvalidInput`` that names the cell."""
    wanted = asked.get((material.pk, word.month))
    if not wanted:
        raise _refused(word, _("Nothing is asked for in this month."), "nothing_asked")
    _check_note(word.note)
    if word.kind not in AnswerKind.values:
        raise _refused(word, _("The answer is one of %(known)s.") % {"known": ", ".join(AnswerKind.values)}, "kind")
    quantity, date = _figures(word, wanted)
    decimals = get_company().quantity_decimals
    if quantity != round(quantity, decimals):
        raise _refused(word, _("The quantity has more than %(n)d decimals.") % {"n": decimals}, "quantity")
    return SupplierAnswer(
        release=release,
        material=material,
        month=word.month,
        kind=word.kind,
        asked=wanted,
        quantity=quantity,
        date=date,
        note=word.note.strip(),
    )


def _figures(word: CellWord, asked: Decimal) -> tuple[Decimal, dt.date | None]:
    """Quantity and date of an answer, as its kind wants them."""
    units, facts = word.quantity, {"asked": number(asked)}
    match word.kind:
        case AnswerKind.CONFIRMED:
            return asked, None
        case AnswerKind.LESS:
            if units is None or not 0 <= units < asked:
                raise _refused(word, _("Say how many come: from 0 to below the %(asked)s asked.") % facts, "quantity")
            return units, None
        case AnswerKind.MORE:
            if units is None or units <= asked:
                raise _refused(word, _("Say how many are possible: above the %(asked)s asked.") % facts, "quantity")
            return units, None
    late = asked if units is None else units
    if not 0 < late <= asked:
        raise _refused(word, _("Say how many come later: at most the %(asked)s asked.") % facts, "quantity")
    if word.date is None or not 0 < month_of(word.date) - word.month <= LATEST_MONTHS:
        raise _refused(word, _("Say on which date of a later month they come."), "date")
    return late, word.date


def _same(latest: SupplierAnswer | None, answer: SupplierAnswer) -> SupplierAnswer:
    """The latest answer where the new one says nothing else."""
    names = ("kind", "asked", "quantity", "date", "note")
    if latest is not None and all(getattr(latest, name) == getattr(answer, name) for name in names):
        return latest
    return answer


def _refused(word: CellWord, why: str, field: str) -> InvalidInput:
    where = {"material": word.material, "month": month_long(word.month)}
    return InvalidInput(
        f"{_('%(material)s in %(month)s:') % where} {why}",
        code="invalid_answer",
        details={"material": word.material, "month": format_month(word.month), "field": field},
    )


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise InvalidInput(_("The note may have %(limit)s characters at most.") % {"limit": LONGEST_NOTE})


def _describe(answer: SupplierAnswer) -> dict[str, object]:
    return {
        "material": answer.material.code,
        "month": format_month(answer.month),
        "kind": answer.kind,
        "asked": answer.asked,
        "quantity": answer.quantity,
        "date": answer.date,
        "note": answer.note,
    }


def _describe_promise(row: PurchasePromise) -> dict[str, object]:
    return {
        "order": row.order,
        "material": row.material.code,
        "quantity": row.quantity,
        "before": row.date_before,
        "date": row.date,
        "note": row.note,
    }

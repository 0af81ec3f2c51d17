"""A place of the plan as a workbook to edit in Excel and bring back: figures, what they were, and a seal.

``Plan`` is what people see; ``Base``, hidden, holds every figure as it was exported in smallest units; ``About`` says
which plan it is and seals the base, so that what comes back can be compared cell by cell with what was there.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from django.core.signing import Signer
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.formats import moment
from core.months import format_month
from demand.board import Desk
from demand.measures import BASELINE, CONSENSUS
from demand.opening import heading
from demand.selectors.place import Place
from demand.selectors.standing import load_standing
from demand.streams import STREAMS
from masterdata.importers.output import quote_text

FORMAT = "sop-plan-1"
PLAN, BASE, ABOUT = "Plan", "Base", "About"
KEY_COLUMNS = 3  # measure, product, org: hidden in Plan
SHOWN_COLUMNS = 4  # product, region, row, owner
MOST_PLACES = 60
_PAPER, _SHADE, _INK, _GREY = "#FFFDF3", "#EEF1F4", "#101820", "#5B6770"
_BELOW = frozenset({BASELINE, CONSENSUS, *(stream.code for stream in STREAMS)})

Key = tuple[str, str, str]  # measure, product code, org code; an empty code is everything


@dataclass(frozen=True)
class SheetRow:
    """A row of the workbook: where it lies, its words, its figures in units, and which of them may be changed.

    ``base`` : smallest units of ``10**-scale`` over the plan's months. ``why`` : per month why it cannot be changed,
    empty when it can.
    """

    key: Key
    words: tuple[str, str, str, str]
    figures: tuple[float | None, ...]
    base: tuple[int | None, ...]
    why: tuple[str, ...]
    scale: int


def list_sheet_rows(desk: Desk, *, is_whole: bool) -> Iterator[SheetRow]:
    """The rows of one place; of a place below only the baseline, the sources and the consensus."""
    named, (product, org) = heading(desk.place), desk.codes()
    past = desk.figures.past
    for row in desk.rows():
        if not is_whole and row["key"] not in _BELOW:
            continue
        values = desk.figures.rows[row["key"]]
        cells = [cell if isinstance(cell, dict) else {"value": cell} for cell in row["cells"]]
        yield SheetRow(
            key=(row["key"], product or "", org or ""),
            words=(named["product"], named["org"], row["label"], row["owner"]),
            figures=tuple(cell["value"] for cell in cells),
            base=tuple(values[past:]),
            why=tuple(_why_not(row, cell) for cell in cells[past:]),
            scale=desk.figures.scale,
        )


def _why_not(row: dict[str, Any], cell: dict[str, Any]) -> str:
    if not row.get("editable"):
        return str(row.get("why") or _("This row is not typed."))
    if cell.get("locked"):
        return str(cell.get("why") or _("The cell is locked; unlock it first."))
    return ""


def list_places(place: Place, below: str) -> list[Place]:
    """The place, and with ``below`` (product or org) the places one level down on that side.

    Raises ``InvalidInput`` when there are more than a workbook for people should hold.
    """
    if below not in ("product", "org"):
        return [place]
    tree, here = (place.hierarchy.products, place.product) if below == "product" else (place.hierarchy.orgs, place.org)
    allowed = tree.seen_by(place.scope.products if below == "product" else place.scope.orgs)
    nodes = [int(node) for node in tree.children_of(here) if allowed[tree.position_of(int(node))]]
    if len(nodes) > MOST_PLACES:
        raise InvalidInput(
            _("There are %(n)d places below; export one of them at a time.") % {"n": len(nodes)}, code="too_many_places"
        )
    sides = [(node, place.org) if below == "product" else (place.product, node) for node in nodes]
    return [place, *(Place(place.hierarchy, place.scope, *pair) for pair in sides)]


def build_workbook_file(desks: Sequence[Desk]) -> bytes:
    """The workbook of some places of one plan, the first whole, the others with what is typed there."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    rows = [row for number, desk in enumerate(desks) for row in list_sheet_rows(desk, is_whole=number == 0)]
    with xlsxwriter.Workbook(out, options) as book:
        _write_plan(book, desks[0], rows)
        _write_base(book, rows)
        _write_about(book, desks[0], rows)
    return out.getvalue()


def _write_plan(book: xlsxwriter.Workbook, desk: Desk, rows: Sequence[SheetRow]) -> None:
    sheet = book.add_worksheet(PLAN)
    decimals = "#,##0" + ("." + "0" * desk.decimals if desk.decimals else "")
    figure = {"num_format": decimals, "font_color": _INK, "border": 1, "border_color": "#D5DBE1"}
    styles = {
        "head": book.add_format({"bold": True, "bottom": 1, "font_color": _GREY}),
        "text": book.add_format({"font_color": _INK}),
        "read": book.add_format({**figure, "bg_color": _SHADE}),
        "edit": book.add_format({**figure, "bg_color": _PAPER, "locked": False}),
    }
    months = [format_month(month) for month in desk.figures.months]
    heads = ["measure", "product", "org", _("Product"), _("Region"), _("Stream"), _("Owner"), *months]
    for column, word in enumerate(heads):
        sheet.write_string(0, column, word, styles["head"])
    first, past = KEY_COLUMNS + SHOWN_COLUMNS, desk.figures.past
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate((*row.key, *row.words)):
            sheet.write_string(number, column, quote_text(text), styles["text"])
        for column, value in enumerate(row.figures):
            may = column >= past and not row.why[column - past]
            style = styles["edit" if may else "read"]
            if value is None:
                sheet.write_blank(number, first + column, None, style)
            else:
                sheet.write_number(number, first + column, value, style)
    sheet.set_column(0, KEY_COLUMNS - 1, None, None, {"hidden": True})
    sheet.set_column(KEY_COLUMNS, first - 1, 20)
    sheet.set_column(first, first + len(months) - 1, 10)
    sheet.freeze_panes(1, first)
    sheet.protect("", {"format_columns": True, "autofilter": True, "sort": False, "select_locked_cells": True})


def _write_base(book: xlsxwriter.Workbook, rows: Sequence[SheetRow]) -> None:
    sheet = book.add_worksheet(BASE)
    for number, row in enumerate(rows):
        for column, text in enumerate((*map(quote_text, row.key), *map(_exact, row.base))):
            sheet.write_string(number, column, text)
    sheet.very_hidden()


def _write_about(book: xlsxwriter.Workbook, desk: Desk, rows: Sequence[SheetRow]) -> None:
    version = desk.version
    named = heading(desk.place)
    facts = {
        "format": FORMAT,
        "cycle": str(desk.cycle),
        "version": str(version.pk),
        "code": load_standing(cycle=desk.cycle, version=version, user=desk.user).code,
        "place": f"{named['product']} · {named['org']}",
        "exported_at": timezone.now().isoformat(timespec="seconds"),
        "exported_by": str(desk.user),
    }
    sealed = {**facts, "seal": seal(facts, [(row.key, row.base) for row in rows])}
    sheet = book.add_worksheet(ABOUT)
    for number, (name, value) in enumerate(sealed.items()):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 1, quote_text(value))
    notes = [
        _("Change the light cells of the sheet Plan and upload the file on the demand workbench."),
        _("You will see every change beside the plan of that moment before anything is saved."),
        _("Exported %(when)s.") % {"when": moment(timezone.now())},
    ]
    for number, note in enumerate(notes, start=len(sealed) + 1):
        sheet.write_string(number, 0, note)
    sheet.set_column(0, 1, 34)


def seal(facts: dict[str, str], rows: Sequence[tuple[Key, Sequence[int | None]]]) -> str:
    """Signature over what the file says it is and every figure of its base."""
    digest = hashlib.sha256("\n".join(facts[name] for name in ("format", "cycle", "version")).encode())
    for key, base in rows:
        digest.update("\t".join((*key, *map(_exact, base))).encode() + b"\n")
    return Signer(salt="demand.workbook").signature(digest.hexdigest())


def _exact(value: int | None) -> str:
    return "" if value is None else str(value)

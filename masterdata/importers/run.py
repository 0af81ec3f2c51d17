"""One import from files to written rows: read → check → compare → write. No transaction, no staging: see services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from accounts.models import User
from accounts.policies import can
from masterdata.importers import checks
from masterdata.importers.columns import Scales
from masterdata.importers.context import ImportContext
from masterdata.importers.findings import ERROR, FindingLog
from masterdata.importers.parsing import Fixes, parse_sheet
from masterdata.importers.sandbox import PlainSheet, SourceFile, unpack
from masterdata.importers.spec import UPPER_ROOMS, SheetChanges, SheetData, SheetSpec, list_sheets, match_sheet
from masterdata.models import Company, Product

Progress = Callable[[float, str], None]


def no_progress(_fraction: float, _step: str) -> None:
    """For callers that show none."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read.

    ``encoding``: of CSV files without a mark. ``fixes``: values typed on the page. ``since``: the revision the
    sender knew. ``valid_rows_only``: also report the rows left out because they refer to rejected ones.
    """

    encoding: str | None = None
    fixes: Fixes = field(default_factory=dict)
    since: int | None = None
    valid_rows_only: bool = False


def read_import(
    files: Sequence[SourceFile],
    *,
    actor: User | None,
    options: ReadOptions | None = None,
    progress: Progress = no_progress,
) -> ImportContext:
    """Unpack, parse, check and set the rejected rows aside; nothing is written.

    The findings are in ``context.log``, the rejected rows as they came in ``context.rejected``.
    """
    options = options or ReadOptions()
    context = ImportContext(FindingLog(), actor=actor, since=options.since)
    if not files:
        context.log.add("nothing_to_import")
    with unpack(files, context.log, options.encoding) as plain_sheets:
        chosen = _choose(plain_sheets, context)
        if plain_sheets and not chosen and not context.log.count(ERROR):
            context.log.add("no_known_sheet")
        for number, (spec, plain) in enumerate(chosen):
            progress(0.6 * number / len(chosen), str(spec.title))
            if spec.order >= UPPER_ROOMS:
                context.scales = _scales(context)
            context.sheets[spec.name] = parse_sheet(plain, spec, context.log, context.scales, options.fixes)
        _check_presence(context)
        for number, sheet in enumerate(context.sheets.values()):
            progress(0.6 + 0.3 * number / len(context.sheets), str(sheet.spec.title))
            check_sheet(sheet, context)
        _reject_dependents(context, report=options.valid_rows_only)
        for spec, plain in chosen:
            context.set_aside(context.sheets[spec.name], plain)
    return context


def _choose(plain_sheets: Iterable[PlainSheet], context: ImportContext) -> list[tuple[SheetSpec, PlainSheet]]:
    """The sheets to read, in order; findings for unknown, double and forbidden ones."""
    chosen: dict[str, tuple[SheetSpec, PlainSheet]] = {}
    for plain in plain_sheets:
        spec = match_sheet(plain.name)
        if spec is None:
            context.log.add("sheet_unknown", sheet=plain.name)
        elif context.actor is not None and not can(context.actor, spec.action):
            context.log.add("sheet_not_allowed", sheet=spec.name)
        elif spec.name in chosen:
            context.log.add("sheet_twice", sheet=spec.name, value=f"{chosen[spec.name][1].source}, {plain.source}")
        else:
            chosen[spec.name] = (spec, plain)
    return sorted(chosen.values(), key=lambda pair: (pair[0].order, pair[0].name))


def _scales(context: ImportContext) -> Scales:
    """Decimals of the stored company, or those the products of a new one ask for."""
    company = Company.objects.first()
    if company is not None:
        return Scales(company.quantity_decimals, company.currency_decimals)
    products = context.sheets.get("products")
    decimals = max(products.values("decimals", 0), default=0) if products else 0
    return Scales(quantity=decimals)


def _check_presence(context: ImportContext) -> None:
    """A new company needs the required sheets; one that exists already may be sent any single sheet."""
    if Product.objects.exists():
        return
    present = context.sheets.keys()
    for spec in list_sheets():
        if spec.required and not present & {spec.name, *spec.substitutes}:
            context.log.add("sheet_missing", sheet=spec.name)


def check_sheet(sheet: SheetData, context: ImportContext) -> None:
    """All checks across the rows of a parsed sheet."""
    checks.check_duplicates(sheet)
    checks.check_references(sheet, context)
    for column in sheet.spec.tree:
        checks.check_tree(sheet, context, column)
    if sheet.spec.check is not None:
        sheet.spec.check(sheet, context)


def _reject_dependents(context: ImportContext, *, report: bool) -> None:
    """Reject the rows that refer to rejected ones, until none is left; ``report`` says so in findings too."""
    for sheet in context.sheets.values():
        before = -1
        while before != len(sheet.rejected):
            before = len(sheet.rejected)
            checks.check_rejected_references(sheet, context, report=report)


def compare_import(context: ImportContext, progress: Progress = no_progress) -> dict[str, SheetChanges]:
    """What writing the valid rows would change, by sheet."""
    changes = {}
    for number, (name, sheet) in enumerate(context.sheets.items()):
        progress(0.9 + 0.1 * number / len(context.sheets), str(sheet.spec.title))
        changes[name] = sheet.spec.store.compare(sheet, context)
    return changes


def write_import(context: ImportContext, changes: Mapping[str, SheetChanges], progress: Progress = no_progress) -> None:
    """Write every sheet. The caller holds the transaction and has set ``context.revision``."""
    for number, (name, sheet) in enumerate(context.sheets.items()):
        progress(number / len(context.sheets), str(sheet.spec.title))
        if not changes[name].is_empty:
            sheet.spec.store.write(sheet, changes[name], context)


def make_company(context: ImportContext) -> Company:
    """The company row, made from the top of the sales organisation when there is none yet."""
    company = Company.objects.first()
    if company is not None:
        return company
    name, name_zh, currency = "", "", ""
    if orgs := context.sheets.get("orgs"):
        parents = orgs.values("parent")
        tops = [i for i, parent in enumerate(parents) if parent is None]
        if tops:
            name = orgs.values("name", "")[tops[0]]
            name_zh = orgs.values("name_zh", "")[tops[0]]
            currency = orgs.values("currency", "")[tops[0]]
    scales = _scales(context)
    return Company.objects.create(
        name=name or name_zh or "",
        name_zh=name_zh or "",
        currency=currency or "CNY",
        quantity_decimals=scales.quantity,
    )

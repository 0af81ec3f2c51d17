"""A workbook that comes back: every changed cell with what it was, what it is now and what the writer wants.

Nothing is written here. The page shows the cells, the writer chooses where somebody else was faster, and the chosen
ones go through the plan's one way to save.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import get_scope
from core.errors import AppError, InvalidInput, Missing
from core.months import format_month, parse_month
from core.numbers import parse_quantity
from cycles.models import Cycle
from cycles.selectors import get_cycle
from demand.opening import open_desk
from demand.selectors.authors import LastEdit, find_last_edit
from demand.selectors.place import Place, find_place
from demand.workbook import ABOUT, BASE, FORMAT, KEY_COLUMNS, PLAN, SHOWN_COLUMNS, Key, SheetRow, list_sheet_rows, seal
from masterdata.importers.columns import unquote_text
from masterdata.importers.findings import FindingLog
from masterdata.importers.sandbox import PlainSheet, SourceFile, unpack
from plans.choices import VersionKind
from plans.cubes import MAX_CELL
from plans.measures import get_measure
from plans.models import Version
from plans.selectors import get_shown_version, get_working_version

LARGEST_FILE = 20 << 20
MOST_CELLS = 5_000
CLEAN, CONFLICT = "clean", "conflict"
_EXPLAINED = 50


@dataclass(frozen=True)
class ReturnedCell:
    """A changed cell; values in units. ``state``: clean when the plan still reads the base, else conflict."""

    key: Key
    words: tuple[str, str, str, str]
    month: int
    base: float | None
    theirs: float | None
    mine: float | None
    state: str
    last: LastEdit | None


@dataclass(frozen=True)
class RejectedCell:
    """What cannot be taken, with its reason; ``line`` is the row in the file."""

    line: int
    words: tuple[str, str, str, str]
    month: str
    content: str
    reason: str


@dataclass
class Returned:
    """What a workbook brings."""

    cycle: Cycle
    version_id: int
    about: dict[str, str]
    cells: list[ReturnedCell] = field(default_factory=list)
    rejected: list[RejectedCell] = field(default_factory=list)
    unchanged: int = 0
    agreed: int = 0  # changed in the file to what the plan reads by now


@dataclass(frozen=True)
class _File:
    about: dict[str, str]
    base: dict[Key, list[int | None]]
    months: list[str]
    lines: list[tuple[int, Key, tuple[str, ...], list[str]]]


def read_workbook(*, upload: UploadedFile, actor: User) -> Returned:
    """Compare an uploaded workbook with the plan of this moment, inside the actor's scope.

    The file is opened in a child process with limits. Raises ``InvalidInput`` for a file that was not exported here,
    was changed in its hidden sheet or cannot be read, ``Missing`` when its cycle does not exist.
    """
    if (upload.size or 0) > LARGEST_FILE:
        raise InvalidInput(
            _("The file is larger than %(size)d MB.") % {"size": LARGEST_FILE >> 20}, code="upload_too_large"
        )
    with TemporaryDirectory(prefix="workbook-") as folder:
        path = Path(folder) / "plan.xlsx"
        path.write_bytes(b"".join(upload.chunks()))
        log = FindingLog()
        with unpack([SourceFile(path, "plan.xlsx")], log) as sheets:
            file = _open(sheets, log)
    cycle = get_cycle(file.about["cycle"])
    version = get_shown_version(cycle, file.about["version"])
    if version.kind != VersionKind.SCENARIO:  # after a reopening the cycle has a newer plan of its own
        version = get_working_version(cycle)
    returned = Returned(cycle, version.pk, file.about)
    _compare(file, returned, version, actor)
    return returned


def _open(sheets: Sequence[PlainSheet], log: FindingLog) -> _File:
    by_name = {sheet.name: list(sheet.records()) for sheet in sheets}
    if not {PLAN, BASE, ABOUT} <= by_name.keys():
        told = [finding.message for finding in log][:1]
        message = _("This is not a workbook exported from the workbench. Export one, change it and upload that.")
        raise InvalidInput(" ".join([*told, message]), code="not_a_plan_workbook")
    about = {cells[0]: unquote_text(cells[1]) for _line, cells in by_name[ABOUT] if len(cells) > 1}
    base = {}
    for _line, cells in by_name[BASE]:
        key = _key(cells)
        base[key] = [int(text) if text else None for text in cells[KEY_COLUMNS:]] if _are_whole(cells) else []
    width = max((len(values) for values in base.values()), default=0)
    base = {key: [*values, *[None] * (width - len(values))] for key, values in base.items()}
    if about.get("format") != FORMAT or about.get("seal") != seal(about, list(base.items())):
        raise InvalidInput(
            _("The hidden part of the workbook was changed. Export again and copy your figures over."),
            code="workbook_seal",
        )
    (_first, head), *rows = by_name[PLAN]
    first = KEY_COLUMNS + SHOWN_COLUMNS
    lines = [
        (line, _key(cells), tuple([*cells, *[""] * first][KEY_COLUMNS:first]), cells[first:]) for line, cells in rows
    ]
    return _File(about, base, head[first:], lines)


def _key(cells: Sequence[str]) -> Key:
    measure, product, org = [*map(unquote_text, cells[:KEY_COLUMNS]), "", "", ""][:KEY_COLUMNS]
    return measure, product, org


def _are_whole(cells: Sequence[str]) -> bool:
    return all(not text or text.lstrip("-").isdecimal() for text in cells[KEY_COLUMNS:])


def _compare(file: _File, returned: Returned, version: Version, actor: User) -> None:
    now, problems = _load_now(file, returned.cycle, version, actor)
    top = find_place(scope=get_scope(actor), product=None, org=None)
    seen: set[Key] = set()
    for line, key, words, texts in file.lines:
        row = now.get(key)
        if key not in file.base or row is None or key in seen:
            reason = problems.get(key[1:], "") or _("The row's hidden keys were changed; export again.")
            returned.rejected.append(RejectedCell(line, _four(words), "", "", reason))
            continue
        seen.add(key)
        _compare_row(file, returned, row, line, texts)
    _refuse_overlaps(returned, top)
    _name_others(returned, top)
    if len(returned.cells) > MOST_CELLS:
        raise InvalidInput(
            _("The workbook changes %(n)d cells; at most %(most)d are taken at once.")
            % {"n": len(returned.cells), "most": MOST_CELLS},
            code="too_many_cells",
        )


def _load_now(
    file: _File, cycle: Cycle, version: Version, actor: User
) -> tuple[dict[Key, SheetRow], dict[tuple[str, str], str]]:
    """The plan's rows of every place in the file, and why a place cannot be opened."""
    rows: dict[Key, SheetRow] = {}
    problems: dict[tuple[str, str], str] = {}
    for product, org in dict.fromkeys((key[1], key[2]) for _line, key, _words, _texts in file.lines):
        try:
            desk = open_desk(user=actor, cycle=cycle, product=product or None, org=org or None, version=version)
        except Missing as missing:
            problems[product, org] = str(missing.message)
            continue
        rows |= {(row.key[0], product, org): row for row in list_sheet_rows(desk, is_whole=True)}
    return rows, problems


def _compare_row(file: _File, returned: Returned, row: SheetRow, line: int, texts: Sequence[str]) -> None:
    months = {returned.cycle.month + i: i for i in range(len(row.base))}
    base, scale = file.base[row.key], row.scale
    for position, head in enumerate(file.months):
        text = unquote_text(texts[position]).strip() if position < len(texts) else ""
        month = _month(head)
        if month is None or month not in months:
            if month is None and text:
                reject = RejectedCell(line, row.words, head, text, _("The column's month was changed; export again."))
                returned.rejected.append(reject)
            continue
        at = months[month]
        before = base[at] if at < len(base) else None
        try:
            mine = _read(text, scale, lowest=-MAX_CELL if row.why[at] else _lowest(row.key[0]))
        except AppError as refused:
            returned.rejected.append(RejectedCell(line, row.words, head, text, str(refused.message)))
            continue
        if mine == before:
            returned.unchanged += 1
        elif row.why[at]:
            returned.rejected.append(RejectedCell(line, row.words, head, text, row.why[at]))
        elif mine == row.base[at]:
            returned.agreed += 1
        else:
            _add_cell(returned, row, month, (before, row.base[at], mine), scale)


def _add_cell(
    returned: Returned, row: SheetRow, month: int, values: tuple[int | None, int | None, int | None], scale: int
) -> None:
    before, theirs, _wanted = values
    state = CLEAN if theirs == before else CONFLICT
    base, now, wanted = (None if value is None else value / 10**scale for value in values)
    cell = ReturnedCell(row.key, row.words, month, base, now, wanted, state, None)
    returned.cells.append(cell)


def _read(text: str, decimals: int, *, lowest: int) -> int | None:
    """A cell of the sheet in smallest units; empty clears. Raises ``InvalidInput``."""
    if not text:
        return None
    if text.startswith("="):
        raise InvalidInput(_("The cell holds a formula. Paste it as a value and upload again."), code="formula")
    return parse_quantity(text, decimals=decimals, minimum=lowest, maximum=MAX_CELL)


def _lowest(measure: str) -> int:
    minimum = get_measure(measure).minimum
    return -MAX_CELL if minimum is None else minimum


def _refuse_overlaps(returned: Returned, top: Place) -> None:
    """A total and a part of it cannot both be set in one go: neither would then be what was typed."""
    by_cell: dict[tuple[str, int], list[ReturnedCell]] = {}
    for cell in returned.cells:
        by_cell.setdefault((cell.key[0], cell.month), []).append(cell)
    doubled = {
        id(upper): lower
        for cells in by_cell.values()
        for upper in cells
        for lower in cells
        if upper is not lower and _is_under(top, lower.key, upper.key)
    }
    for cell in [cell for cell in returned.cells if id(cell) in doubled]:
        part = doubled[id(cell)]
        reason = _("%(part)s, a part of it, was changed too. Change the total or its parts.") % {
            "part": f"{part.words[0]} · {part.words[1]}"
        }
        returned.cells.remove(cell)
        returned.rejected.append(
            RejectedCell(
                0, cell.words, format_month(cell.month), "" if cell.mine is None else f"{cell.mine:.15g}", reason
            )
        )


def _name_others(returned: Returned, top: Place) -> None:
    """Say who changed the cells that are in conflict, for as many as a person may read."""
    told = 0
    for number, cell in enumerate(returned.cells):
        if cell.state == CONFLICT and told < _EXPLAINED:
            told += 1
            measure, product, org = cell.key
            place = find_place(scope=top.scope, product=product or None, org=org or None)
            last = find_last_edit(version_id=returned.version_id, measure=measure, place=place, month=cell.month)
            returned.cells[number] = replace(cell, last=last)


def _is_under(top: Place, lower: Key, upper: Key) -> bool:
    trees = ((top.hierarchy.products, lower[1], upper[1]), (top.hierarchy.orgs, lower[2], upper[2]))
    return all(
        not above or (below and tree.position_of(above) in tree.paths[tree.position_of(below)])
        for tree, below, above in trees
    )


def _month(head: str) -> int | None:
    try:
        return parse_month(head)
    except ValueError:
        return None


def _four(words: Sequence[str]) -> tuple[str, str, str, str]:
    product, org, row, owner = [*map(unquote_text, words), "", "", "", ""][:4]
    return product, org, row, owner

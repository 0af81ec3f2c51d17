"""Checks across rows and sheets: the same key twice, unknown codes, circles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from masterdata.importers.columns import EMPTY, as_text
from masterdata.importers.context import CODED_MODELS, ImportContext
from masterdata.importers.spec import SheetData

_CYCLES_SHOWN = 50
_LOOK_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2"})


def check_duplicates(sheet: SheetData) -> None:
    """Every row after the first with the same key is refused. A row without its key was refused before."""
    if not sheet.rows or any(name not in sheet.columns for name in _present_keys(sheet)):
        return
    names = _present_keys(sheet)
    combined = _combine([_number(sheet[name]) for name in names])
    _keys, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    for index in np.flatnonzero(first[inverse] != np.arange(len(combined))):
        values = [sheet[name][index] for name in names]
        if all(value is EMPTY for value in values):
            continue
        shown = [as_text(v, sheet.spec.column(n)) for n, v in zip(names, values, strict=True)]
        sheet.reject(
            int(index),
            "duplicate_key",
            column=names[0],
            value=" · ".join(text for text in shown if text),
            key=", ".join(names),
            first=sheet.rows[int(first[inverse[index]])],
        )


def _present_keys(sheet: SheetData) -> list[str]:
    """Key columns the file has; an absent optional one is the same everywhere."""
    return [name for name in sheet.spec.key if name in sheet.columns]


def _number(values: list[Any]) -> np.ndarray:
    """Values → dense integers in order of first sight."""
    table: dict[Any, int] = {}
    return np.fromiter((table.setdefault(v, len(table)) for v in values), dtype=np.int64, count=len(values))


def _combine(columns: list[np.ndarray]) -> np.ndarray:
    """Several integer columns → one; re-numbered at each step, so that it never overflows."""
    combined = columns[0]
    for column in columns[1:]:
        mixed = combined * (int(column.max()) + 1) + column
        combined = np.unique(mixed, return_inverse=True)[1]
    return combined


def check_references(sheet: SheetData, context: ImportContext) -> None:
    """Codes must stand in the database or in this import; a wrong one gets a suggestion."""
    for column in sheet.spec.columns:
        if column.refers_to and column.name in sheet.columns:
            known: set[str] = set()
            for entity in column.refers_to:
                known |= context.stored_ids(entity).keys() | context.sheet_codes(entity)
            _check_codes(sheet, column.name, column.refers_to, known)


def _check_codes(sheet: SheetData, name: str, entities: tuple[str, ...], known: set[str]) -> None:
    suggest: CodeSuggester | None = None
    for index, value in enumerate(sheet[name]):
        if value is EMPTY:
            continue
        for code in value if isinstance(value, tuple) else (value,):
            if code in known:
                continue
            suggest = suggest or CodeSuggester(known)
            sheet.reject(
                index,
                "unknown_code",
                column=name,
                value=code,
                entity="/".join(entities),
                suggestion=suggest(code),
            )


class CodeSuggester:
    """The known code most likely meant: the same but for case, width, spaces or look-alike letters, else a near one.

    Near ones are searched for the first ``_SEARCHES`` codes only: each search compares with every known code.
    """

    _SEARCHES = 200
    _LARGEST_SEARCH = 20_000

    def __init__(self, known: Collection[str]) -> None:
        self._sorted = sorted(known)
        self._alike: dict[str, str] = {}
        for code in self._sorted:
            self._alike.setdefault(_fold(code), code)
        self._found: dict[str, str] = {}

    def __call__(self, code: str) -> str:
        """A known code, or an empty text."""
        if code not in self._found:
            self._found[code] = self._alike.get(_fold(code)) or self._search(code)
        return self._found[code]

    def _search(self, code: str) -> str:
        if len(self._found) >= self._SEARCHES or len(self._sorted) > self._LARGEST_SEARCH:
            return ""
        return next(iter(get_close_matches(code, self._sorted, n=1, cutoff=0.75)), "")


def _fold(code: str) -> str:
    plain = unicodedata.normalize("NFKC", code).upper()
    return re.sub(r"[\s_\-./]+", "", plain).translate(_LOOK_ALIKE)


def check_rejected_references(sheet: SheetData, context: ImportContext, *, report: bool) -> None:
    """For "valid rows only": a row may not refer to a code that only rejected rows bring."""
    for column in sheet.spec.columns:
        if not column.refers_to or column.name not in sheet.columns:
            continue
        refused: set[str] = set()
        allowed: set[str] = set()
        for entity in column.refers_to:
            rejected = context.rejected_codes(entity)
            refused |= rejected
            allowed |= (context.sheet_codes(entity) - rejected) | context.stored_ids(entity).keys()
        if not refused - allowed:
            continue
        for index, value in enumerate(sheet[column.name]):
            codes = value if isinstance(value, tuple) else (value,)
            if index in sheet.rejected or allowed.issuperset(codes) or value is EMPTY:
                continue
            if report:
                sheet.reject(index, "refers_to_rejected", column=column.name, value=value)
            else:
                sheet.rejected.add(index)


def check_tree(sheet: SheetData, context: ImportContext, column: str) -> None:
    """No node may be its own ancestor (or predecessor), counting what the database holds already."""
    if column not in sheet.columns or "code" not in sheet.columns:
        return
    model = CODED_MODELS[sheet.spec.name]
    edges = dict(model._default_manager.exclude(**{column: None}).values_list("code", f"{column}__code"))
    row_of: dict[str, int] = {}
    for index, (code, upper) in enumerate(zip(sheet["code"], sheet[column], strict=True)):
        if code is EMPTY:
            continue
        row_of.setdefault(code, index)
        edges[code] = "" if upper is EMPTY else upper
    graph = {code: {upper} for code, upper in edges.items() if upper}
    for cycle in find_cycles(graph):
        path = " → ".join(cycle)
        for code in cycle[:-1]:
            if code in row_of:
                sheet.reject(row_of[code], "hierarchy_cycle", column=column, value=edges[code], path=path)


def find_cycles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Circles of a directed graph, each as a closed path that starts at its smallest node; at most fifty."""
    remaining = {node: set(uppers) for node, uppers in graph.items()}
    cycles: list[list[str]] = []
    while len(cycles) < _CYCLES_SHOWN:
        try:
            TopologicalSorter(remaining).prepare()
        except CycleError as error:
            path = list(reversed(error.args[1]))[:-1]
            start = path.index(min(path))
            path = [*path[start:], *path[:start]]
            path = _orient(path, graph)
            cycles.append([*path, path[0]])
            remaining[path[0]].discard(path[1 % len(path)])
        else:
            break
    return cycles


def _orient(path: list[str], graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Along the edges node → upper, whichever way the sorter lists the circle."""
    if path[1 % len(path)] in graph.get(path[0], ()):
        return path
    return [path[0], *reversed(path[1:])]


def check_order(sheet: SheetData, first: str, last: str, code: str) -> None:
    """The value of ``last`` may not lie before that of ``first`` where both are given."""
    if first not in sheet.columns or last not in sheet.columns:
        return
    for index, (a, b) in enumerate(zip(sheet[first], sheet[last], strict=True)):
        if a is not EMPTY and b is not EMPTY and b < a:
            sheet.reject(index, code, column=last, value=as_text(b, sheet.spec.column(last)))

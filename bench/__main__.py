"""``python3 dev.py bench [name …] [--json FILE]``: run ``bench/<name>.py`` and print every figure beside its goal.

A benchmark is a module with ``run() -> list[Row]``. One that says ``NEEDS_DATABASE = True`` gets an empty
migrated test database of the configured engine, never the real one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import bench
from bench.table import Row


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 when a figure misses its goal."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sop.settings")
    django.setup()
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__.split("\n")[0].replace("``", ""))
    known = _find_benchmarks()
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(known)}; default all")
    parser.add_argument("--file", type=Path, help="with forecasting: measure this CSV of unique_id,ds,y instead")
    parser.add_argument("--horizon", type=int, default=18, help="with --file: periods held out; default 18")
    parser.add_argument("--freq", help="with --file: M, Q, W, D, H or Y; default: read from the dates")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(known):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if options.file and options.names != ["forecasting"]:
        parser.error("--file goes with the benchmark forecasting")
    chosen = [import_module(f"bench.{name}") for name in options.names or known]
    figures: dict[str, list[Row]] = {}
    with _database(any(getattr(module, "NEEDS_DATABASE", False) for module in chosen)):
        for module in chosen:
            began = time.perf_counter()
            rows = module.run() if not options.file else _run_file(options.file, options.horizon, options.freq)
            figures[module.__name__.removeprefix("bench.")] = rows
            print(_as_text(module.__name__, rows, time.perf_counter() - began), flush=True)
    if options.json:
        plain = {name: [asdict(row) for row in rows] for name, rows in figures.items()}
        options.json.write_text(json.dumps(plain, ensure_ascii=False, indent=1))
    return int(any(is_missed(row) for rows in figures.values() for row in rows))


def _run_file(path: Path, horizon: int, freq: str | None) -> list[Row]:
    from bench.forecasting_file import run_file

    return run_file(path, horizon, freq)


def _find_benchmarks() -> list[str]:
    """Modules that define ``run``, found without importing them."""
    files = sorted(Path(bench.__path__[0]).glob("[!_]*.py"))
    return [file.stem for file in files if re.search(r"^def run\(\)", file.read_text(), re.M)]


@contextmanager
def _database(is_needed: bool) -> Iterator[None]:
    if not is_needed:
        yield
        return
    from django.db import connection

    original = str(connection.settings_dict["NAME"])
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(original, verbosity=0)


def is_missed(row: Row) -> bool:
    """Whether the figure is on the wrong side of a goal such as "≤ 0.790" or "≥ 95"."""
    goal = re.match(r"([≤≥<>])\s*([\d.,]+)", row.goal)
    if goal is None or row.value != row.value:
        return False
    limit = float(goal[2].replace(",", ""))
    return row.value > limit if goal[1] in "≤<" else row.value < limit


def _as_text(title: str, rows: Sequence[Row], seconds: float) -> str:
    cells = [(row.name, _figure(row.value), row.unit, row.goal, "missed" if is_missed(row) else "") for row in rows]
    widths = [max((len(line[n]) for line in cells), default=0) for n in range(5)]
    lines = [f"\n{title.removeprefix('bench.')} ({seconds:.0f} s)"]
    for line, row in zip(cells, rows, strict=True):
        name, value, unit, goal, missed = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        lines.append(f"  {name}  {value.strip().rjust(widths[1])} {unit}  {goal}  {missed}  {row.note}".rstrip())
    return "\n".join(lines)


def _figure(value: float) -> str:
    if value != value:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

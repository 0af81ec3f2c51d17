"""A million rows of history through the importer: unpack, parse, check, compare, one block, commit."""

from __future__ import annotations

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.table import Row

NEEDS_DATABASE = True
PRODUCTS, ORGS, MONTHS = 10_000, 5, 20


def run() -> list[Row]:
    """Seconds and peak memory of a first import, and seconds of the same again."""
    from masterdata.services import import_folder

    with TemporaryDirectory() as name:
        folder = Path(name)
        _write_company(folder)
        _reset_peak()
        first = import_folder(path=folder, actor=None)
        peak = _peak_mb()
        started = time.perf_counter()
        again = import_folder(path=folder, actor=None)
        repeated = time.perf_counter() - started
    assert first.is_committed, first.findings[:3]
    assert not again.revision, "the second import changed something"
    rows = f"{PRODUCTS * ORGS * MONTHS:,} rows"
    return [
        Row("import of history", first.seconds, "s", "≤ 120", rows),
        Row("peak memory of the importer", peak, "MB", "≤ 512"),
        Row("the same again, no changes", repeated, "s", "≤ 120"),
    ]


def _write_company(folder: Path) -> None:
    rng = random.Random(1)
    products = "".join(f"P{n:05},Product {n},ALL\n" for n in range(PRODUCTS))
    (folder / "products.csv").write_text("code,name,parent\nALL,All,\n" + products)
    orgs = "".join(f"ORG-{n},Region {n},GROUP\n" for n in range(ORGS))
    (folder / "orgs.csv").write_text("code,name,parent\nGROUP,Group,\n" + orgs)
    with (folder / "history.csv").open("w") as out:
        out.write("product,org,month,quantity,revenue\n")
        for product in range(PRODUCTS):
            for org in range(ORGS):
                for month in range(MONTHS):
                    figures = f"{rng.randrange(5000)},{rng.randrange(10**7) / 100:.2f}"
                    out.write(f"P{product:05},ORG-{org},{2024 + month // 12}-{month % 12 + 1:02},{figures}\n")


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the high-water mark starts afresh


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")

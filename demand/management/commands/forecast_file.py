"""``manage.py forecast_file IN.csv --horizon H --out OUT.csv``: forecasts of a plain file, no database needed.

In: ``unique_id,ds,y``. Out: ``unique_id,ds,yhat,lo_80,hi_80,…,method``, the dates written as in the file. A period
without a row was not observed. Every series is forecast from its own last period.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demand.periods import FREQUENCIES, find_frequency
from demand.series_file import FileFault, Histories, read_histories
from engine.forecasting import ForecastResult, ForecastSettings, forecast


class Command(BaseCommand):
    help = "Forecast the series of a CSV file (unique_id, ds, y) and write another one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="CSV with the columns unique_id, ds, y")
        parser.add_argument("--horizon", type=int, required=True, help="periods ahead")
        parser.add_argument("--freq", help=f"one of {', '.join(FREQUENCIES)}; without it read from the dates")
        parser.add_argument("--levels", type=_levels, default=(80.0, 95.0), help="band levels, e.g. 80,95")
        parser.add_argument("--effort", choices=("fast", "full"), default="full")
        parser.add_argument("--out", type=Path, required=True, help="CSV to write")

    def handle(self, *args: Any, **options: Any) -> None:
        source, out = options["source"], options["out"]
        if not out.parent.is_dir():
            raise CommandError(f"{out} cannot be written: there is no folder {out.parent}")
        try:
            freq = find_frequency(options["freq"]) if options["freq"] else None
            settings = ForecastSettings(options["horizon"], options["levels"], effort=options["effort"])
            histories = read_histories(source, freq)
            settings = replace(settings, season_length=histories.frequency.season_length)
            result = forecast(histories.series, settings)
            table = tabulate(result, histories)
        except FileFault as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            raise CommandError(f"{source}: {error}") from error
        _write(table, out)
        self._tell(histories, result)
        rhythm = f"{histories.frequency.name}, season of {settings.season_length}"
        self.stdout.write(f"{out}: {len(result.keys)} series, {settings.horizon} periods each, {rhythm}")

    def _tell(self, histories: Histories, result: ForecastResult) -> None:
        """What the reader of the forecasts should know about the file."""
        if histories.inferred:
            self.stderr.write(f"Without --freq: {histories.inferred}")
        if histories.undated:
            names = ", ".join(histories.undated[:3])
            self.stderr.write(f"{len(histories.undated)} series repeat their dates ({names} …): taken in row order")
        count, first = histories.gaps
        if count:
            self.stderr.write(
                f"{count} periods without a row ({first} the first) were filled from the same period of the seasons "
                f"beside them, else from their neighbours; write 0 where nothing was sold"
            )
        for note in result.notes:
            self.stderr.write(note.text)


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(sorted({float(part) for part in text.split(",") if part.strip()}))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 80,95") from error


def tabulate(result: ForecastResult, histories: Histories) -> pd.DataFrame:
    """One row a series and period, in the order of the file."""
    horizon = result.mean.shape[1]
    table = pd.DataFrame(
        {
            "unique_id": np.repeat(result.keys, horizon),
            "ds": histories.following(horizon),
            "yhat": result.mean.ravel(),
        }
    )
    for j, level in enumerate(result.levels):
        table[f"lo_{level:g}"] = result.lower[:, j].ravel()
        table[f"hi_{level:g}"] = result.upper[:, j].ravel()
    table["method"] = np.repeat(result.method, horizon)
    return table


def _write(table: pd.DataFrame, out: Path) -> None:
    """All of the file or nothing: written beside it, then moved into its place. A device is written to at once."""
    target = out.with_name(out.name + ".part") if out.is_file() or not out.exists() else out
    try:
        table.to_csv(target, index=False, float_format="%.10g")
        if target != out:
            target.replace(out)
    except OSError as error:
        if target != out:
            target.unlink(missing_ok=True)
        raise CommandError(f"{out} cannot be written: {error.strerror}") from error

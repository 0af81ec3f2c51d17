"""Public series that lie beside the repository: ``SOP_SHARED``, default ``<repository>/../shared``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from engine.forecasting import SeriesSet

SHARED = Path(os.environ.get("SOP_SHARED", Path(__file__).resolve().parents[2] / "shared"))
DATA = SHARED / "data"


@dataclass(frozen=True)
class Holdout:
    """Histories and what followed, [n, h]."""

    series: SeriesSet
    actual: np.ndarray

    def scale(self, season: int) -> np.ndarray:
        """MASE scale of each history: mean |y_t − y_{t−m}|."""
        values = self.series.values
        return np.nanmean(np.abs(values[:, season:] - values[:, :-season]), axis=1)

    def mean_square_step(self) -> np.ndarray:
        """RMSSE scale of each history: mean squared month-to-month difference."""
        return np.nanmean(np.diff(self.series.values, axis=1) ** 2, axis=1)


def is_present() -> bool:
    """True when the shared series can be read."""
    return (DATA / "m3_monthly_train.csv").exists()


def load_m3() -> Holdout:
    """M3 competition, 1,428 monthly series, h = 18. Rows are taken in file order: some years are unknown."""
    train = pd.read_csv(DATA / "m3_monthly_train.csv")
    test = pd.read_csv(DATA / "m3_monthly_test.csv")
    codes, ids = pd.factorize(train["unique_id"])
    counts = np.bincount(codes)
    width = counts.max()
    values = np.full((len(ids), width), np.nan)
    place = np.arange(len(train)) - np.concatenate([[0], np.cumsum(counts)[:-1]])[codes]
    values[codes, width - counts[codes] + place] = train["y"]
    actual = test["y"].to_numpy().reshape(len(ids), -1)
    if not (test["unique_id"].to_numpy().reshape(len(ids), -1)[:, 0] == ids).all():
        raise ValueError("training and test file list different series")
    return Holdout(SeriesSet(np.asarray(ids, dtype=str), values), actual)


def load_m3_scores() -> pd.DataFrame:
    """Published results on M3 monthly by method, the best first: smape, mase, owa."""
    return pd.read_csv(DATA / "m3_monthly_published_scores.csv").sort_values("owa")


def load_m3_kinds() -> np.ndarray:
    """A number for each M3 series' category and last calendar month: those share a phase of the year."""
    train = pd.read_csv(DATA / "m3_monthly_train.csv")
    last = train.groupby("unique_id", sort=False)["ds"].last()
    info = pd.read_csv(DATA / "m3_monthly_info.csv").set_index("unique_id").loc[last.index]
    month = pd.to_datetime(last.astype(str), errors="coerce").dt.month.fillna(0).astype(int)
    return pd.factorize(info["type"] + " " + month.astype(str))[0].astype(np.int64)


def load_carparts(held_out: int = 12) -> Holdout:
    """Car parts with 51 months and at least two months of sales before the hold-out."""
    table = pd.read_csv(DATA / "carparts_wide.csv").set_index("unique_id").dropna()
    values = table.to_numpy(float)
    sold = (values[:, :-held_out] > 0).sum(axis=1) >= 2
    keys = table.index.to_numpy(dtype=str)[sold]
    return Holdout(SeriesSet(keys, values[sold, :-held_out]), values[sold, -held_out:])


def load_tourism() -> tuple[np.ndarray, sparse.csr_matrix]:
    """Australian visitor nights: bottom series [304, 228] and the sums [221, 304] that make the other nodes."""
    bottom = pd.read_csv(DATA / "vn525_bottom_monthly.csv").iloc[:, 1:]
    sums = pd.read_csv(DATA / "vn525_summing_matrix.csv", index_col=0)
    return bottom[list(sums.columns)].to_numpy(float).T, sparse.csr_matrix(sums.to_numpy(float))


def load_cheese() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weekly cheese sales of 88 retailers, the last weeks all have: (names [n], volume, display, price [n, weeks])."""
    table = pd.read_csv(DATA / "cheese_weekly_retailer.csv")
    parts = dict(list(table.groupby("RETAILER", sort=False)))
    weeks = min(len(part) for part in parts.values())
    volume, display, price = (
        np.vstack([part[name].to_numpy(float)[-weeks:] for part in parts.values()])
        for name in ("VOLUME", "DISP", "PRICE")
    )
    return np.array(list(parts)), volume, display, price

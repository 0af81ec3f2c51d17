"""One part of a company's forecast: some of its series, what was learnt from all, and what comes out.

The same function forecasts a small company in one go and a large one in parts on many workers. Tasks and outcomes
travel through the database as packed arrays. The kernel is imported on first use: pages need these types, not it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.packing import pack_arrays, pack_text, unpack_arrays, unpack_text
from engine.forecasting import ForecastSettings, SeriesSet, apply
from engine.forecasting.regressors import EffectModel, Regressors

if TYPE_CHECKING:
    from engine.forecasting.borrowing import Borrowing
    from engine.forecasting.model import FittedModel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Learnt:
    """What is learnt once: the forecast model, the effects of the regressors by group, and the settings.

    ``borrowing`` is the season that short histories take over. It has become part of the tasks, so it does not travel.
    """

    settings: ForecastSettings
    model: FittedModel
    effects: EffectModel | None  # None: nothing to try
    borrowing: Borrowing | None = None

    def pack(self) -> bytes:
        effects = {} if self.effects is None else {f"effects_{name}": v for name, v in vars(self.effects).items()}
        text = json.dumps({**vars(self.settings), "levels": list(self.settings.levels)})
        return pack_arrays(settings=pack_text(text), model=pack_text(self.model.to_json()), **effects)

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Learnt:
        from engine.forecasting.model import FittedModel

        stored = unpack_arrays(data)
        told = json.loads(unpack_text(stored["settings"]))
        settings = ForecastSettings(**{**told, "levels": tuple(told["levels"])})
        names = [field.name for field in fields(EffectModel)]
        effects = EffectModel(**{n: stored[f"effects_{n}"] for n in names}) if "effects_groups" in stored else None
        return cls(settings, FittedModel.from_json(unpack_text(stored["model"])), effects)


@dataclass(frozen=True)
class Task:
    """Histories to forecast.

    ``groups`` [n] are the families; ``regressors`` [K, n, T + h]; ``season`` [n, T + h] is what a short history
    borrows, 1 where nothing.
    """

    series: SeriesSet
    groups: Ints
    regressors: Regressors
    season: Floats | None

    def pack(self) -> bytes:
        trusted = self.series.trusted
        return pack_arrays(
            keys=self.series.keys,
            values=self.series.values,
            first_month=np.array([self.series.first_month]),
            trusted=np.zeros(self.series.values.shape, bool) if trusted is None else trusted,
            groups=self.groups,
            names=np.array(self.regressors.names, dtype=np.str_),
            signs=np.array(self.regressors.signs, np.int8),
            regressors=self.regressors.values,
            **({} if self.season is None else {"season": self.season}),
        )

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Task:
        stored = unpack_arrays(data)
        series = SeriesSet(stored["keys"], stored["values"], int(stored["first_month"][0]), stored["trusted"])
        regressors = Regressors(tuple(stored["names"].tolist()), stored["regressors"], tuple(stored["signs"].tolist()))
        return cls(series, stored["groups"], regressors, stored.get("season"))


@dataclass(frozen=True)
class Outcome:
    """Figures of a part, before activities are put on again.

    mean [n, h]; lower, upper [n, 2, h] of the 80 and 95 % bands; route [n]; errors float32 [n, O, h] and ``scale``
    [n], the MASE scale, of the back-test; ``outliers`` [n] months; coefficients, kept, judged [n, K].
    """

    mean: Floats
    lower: Floats
    upper: Floats
    route: NDArray[np.int8]
    errors: NDArray[np.float32]
    scale: Floats
    outliers: Ints
    coefficients: Floats
    kept: Bools
    judged: Bools

    def pack(self) -> bytes:
        return pack_arrays(**vars(self))

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Outcome:
        return cls(**unpack_arrays(data))

    @classmethod
    def join(cls, parts: list[Outcome]) -> Outcome:
        """Parts in their order."""
        if len(parts) == 1:
            return parts[0]
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})


def forecast_part(task: Task, learnt: Learnt) -> Outcome:
    """Take out what activities and the family's season explain, and forecast the rest; the season is put back."""
    from engine.forecasting.events import measure_effects
    from engine.forecasting.features import MASE_SCALE

    series, settings = task.series, learnt.settings
    width = series.values.shape[1]
    shape = (len(series), len(task.regressors.names))
    coefficients, kept, judged = np.zeros(shape), np.zeros(shape, bool), np.zeros(shape, bool)
    values = series.values
    if learnt.effects is not None and shape[1]:
        effects = measure_effects(series, task.regressors, settings, learnt.effects, task.groups)
        coefficients, kept, judged = effects.coefficients, effects.kept, effects.judged
        values = values / effects.history
    season = np.ones((len(series), width + settings.horizon)) if task.season is None else task.season
    plain = SeriesSet(series.keys, values / season[:, :width], series.first_month, series.trusted)
    result = apply(plain, settings, learnt.model)
    ahead = season[:, width:]
    return Outcome(
        mean=result.mean * ahead,
        lower=result.lower * ahead[:, None],
        upper=result.upper * ahead[:, None],
        route=result.route,
        errors=result.origin_errors.astype(np.float32),
        scale=result.features[:, MASE_SCALE],
        outliers=np.count_nonzero(result.outliers, axis=1).astype(np.int64),
        coefficients=coefficients,
        kept=kept,
        judged=judged,
    )

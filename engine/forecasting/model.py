"""What is learnt once from all series of a company and then applied to any part of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from engine.forecasting.backtest import FloatArray
from engine.forecasting.bands import BandModel
from engine.forecasting.contracts import Note, Route
from engine.forecasting.residual import ResidualModel


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of relative errors [L, h] of a route without members."""

    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class FittedModel:
    """Weights [h, M] of regular and of short histories, optional residual model, bands of each route, level factor
    of intermittent demand.

    It travels between workers as JSON, which keeps every bit of a float.
    """

    weights: FloatArray
    short_weights: FloatArray
    residual: ResidualModel | None
    regular: BandModel
    short: BandModel
    new: Quantiles
    intermittent: Quantiles
    intermittent_factor: float
    notes: tuple[Note, ...]

    def weights_of(self, route: int) -> FloatArray:
        """The weights of a route with members."""
        return self.short_weights if route == Route.SHORT else self.weights

    def to_json(self) -> str:
        """Text form; the inverse of :meth:`from_json`."""
        return json.dumps(
            {
                "weights": self.weights.tolist(),
                "short_weights": self.short_weights.tolist(),
                "residual": None if self.residual is None else list(self.residual.texts),
                "regular": _arrays(self.regular),
                "short": _arrays(self.short),
                "new": _arrays(self.new),
                "intermittent": _arrays(self.intermittent),
                "intermittent_factor": self.intermittent_factor,
                "notes": [[note.code, note.text] for note in self.notes],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> FittedModel:
        """Rebuild a model; raises ``KeyError`` or ``ValueError`` on foreign text."""
        data = json.loads(text)
        return cls(
            weights=np.array(data["weights"]),
            short_weights=np.array(data["short_weights"]),
            residual=None if data["residual"] is None else ResidualModel(tuple(data["residual"])),
            regular=BandModel(**_to_arrays(data["regular"])),
            short=BandModel(**_to_arrays(data["short"])),
            new=Quantiles(**_to_arrays(data["new"])),
            intermittent=Quantiles(**_to_arrays(data["intermittent"])),
            intermittent_factor=float(data["intermittent_factor"]),
            notes=tuple(Note(code, sentence) for code, sentence in data["notes"]),
        )


def _arrays(part: BandModel | Quantiles) -> dict[str, list]:
    return {name: value.tolist() for name, value in vars(part).items()}


def _to_arrays(data: dict[str, list]) -> dict[str, FloatArray]:
    return {name: np.array(value, dtype=np.float64) for name, value in data.items()}

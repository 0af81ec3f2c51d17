"""Runs inside the peers' environment: ``python statsforecast_peer.py IN.npz OUT.npz SETTINGS`` (see the caller)."""

import json
import sys
import time
import warnings

import numpy as np
from statsforecast import models as catalogue


def main(source: str, target: str, settings: dict) -> None:
    data = np.load(source)
    series = np.split(data["flat"], np.cumsum(data["lengths"])[:-1])
    forecasts, seconds = {}, {}
    for name in settings["models"]:
        model = getattr(catalogue, name)(season_length=settings["season"])
        _forecast(model, max(series, key=len), settings["horizon"])  # compiles; not counted
        started = time.process_time()
        forecasts[name] = np.vstack([_forecast(model, y, settings["horizon"]) for y in series])
        seconds[name] = time.process_time() - started
    np.savez(target, **forecasts)  # type: ignore[arg-type]
    print(json.dumps(seconds))


def _forecast(model, history: np.ndarray, horizon: int) -> np.ndarray:
    """The forecast, or NaN where the model refuses a history (AutoETS: too short for its parameters)."""
    try:
        return model.forecast(history, h=horizon)["mean"]
    except Exception:  # each model refuses in its own way
        return np.full(horizon, np.nan)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))

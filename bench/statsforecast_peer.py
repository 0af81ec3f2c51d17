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
        model.forecast(series[0], h=settings["horizon"])  # compiles; not counted
        started = time.process_time()
        forecasts[name] = np.vstack([model.forecast(y, h=settings["horizon"])["mean"] for y in series])
        seconds[name] = time.process_time() - started
    np.savez(target, **forecasts)  # type: ignore[arg-type]
    print(json.dumps(seconds))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))

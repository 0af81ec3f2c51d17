"""statsforecast in an environment of its own: it wants an older pandas than the application.

The environment is made once under ``var/bench-peers``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.forecasting import SeriesSet

HOME = Path(__file__).resolve().parents[1] / "var" / "bench-peers"
SCRIPT = Path(__file__).with_name("statsforecast_peer.py")
MODELS = ("AutoETS", "DynamicOptimizedTheta", "AutoCES")


class PeersUnavailable(RuntimeError):
    """The peer cannot be installed or run here."""


@dataclass(frozen=True)
class Peer:
    """Forecasts [n, h] of one model, NaN where it refuses a series, and CPU seconds of one thread, compiling apart."""

    name: str
    mean: np.ndarray
    seconds: float


def run_statsforecast(
    series: SeriesSet, horizon: int, models: tuple[str, ...] = MODELS, season: int = 12
) -> list[Peer]:
    """Run each model over all series. Raises :class:`PeersUnavailable`."""
    python = _environment()
    source, target = HOME / "series.npz", HOME / "forecasts.npz"
    lengths = (~np.isnan(series.values)).sum(axis=1)
    np.savez(source, flat=series.values[~np.isnan(series.values)], lengths=lengths)
    settings = json.dumps({"horizon": horizon, "season": season, "models": models})
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, SCRIPT, source, target, settings], capture_output=True, text=True, env={**os.environ, **limits}
    )
    if done.returncode:
        raise PeersUnavailable(done.stderr.strip().splitlines()[-1] if done.stderr else "no reason given")
    seconds = json.loads(done.stdout.strip().splitlines()[-1])
    with np.load(target) as forecasts:
        return [Peer(name, forecasts[name], seconds[name]) for name in models]


def _environment() -> Path:
    python = HOME / "venv" / "bin" / "python"
    if (HOME / "ready").exists():
        return python
    shutil.rmtree(HOME / "venv", ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    make = [sys.executable, "-m", "venv", str(HOME / "venv")]
    fill = [str(python), "-m", "pip", "install", "-q", "statsforecast"]
    for command in (make, fill):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise PeersUnavailable(done.stderr.strip().splitlines()[-1])
    (HOME / "ready").touch()
    return python

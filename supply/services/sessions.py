"""Solved models kept warm in this process: a what-if is then a re-solve of a fraction of a second.

Keyed by plan and by everything the problem is made of, so a changed input never meets an old model. A model of
a thousand products takes some hundred megabytes; two are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from engine.balancing.solve import Session
from engine.balancing.trials import Trials
from plans.selectors import get_version
from supply.adapters.problem import Prepared, prepare_problem

KEPT = 2


@dataclass
class WarmModel:
    """A solved problem ready for trials. One caller at a time: a solver is no shared thing."""

    prepared: Prepared
    trials: Trials
    lock: threading.Lock = field(default_factory=threading.Lock)


_models: OrderedDict[str, WarmModel] = OrderedDict()
_guard = threading.Lock()


def get_warm_model(version_id: int) -> WarmModel:
    """The solved model of a plan as its inputs are now; built and solved on first use."""
    prepared = prepare_problem(get_version(version_id))
    key = f"{version_id}:{prepared.input_hash}"
    with _guard:
        if key in _models:
            _models.move_to_end(key)
            return _models[key]
    session = Session(prepared.problem)
    model = WarmModel(prepared, Trials(session, session.solve()))
    with _guard:
        _models[key] = model
        while len(_models) > KEPT:
            _models.popitem(last=False)
    return model


def forget_models() -> None:
    """Drop every warm model of this process."""
    with _guard:
        _models.clear()

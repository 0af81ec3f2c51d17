"""Solved models kept warm in this process: a what-if is then a re-solve of a fraction of a second.

Keyed by plan and by where its demand, master data and adopted options stand, so a changed input never meets an old
model. A model of a thousand products takes some hundred megabytes; two are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from core.errors import Conflict
from engine.balancing.solve import Session
from engine.balancing.trials import Trials
from masterdata.selectors import get_company
from plans.models import Version
from plans.selectors import get_heads, get_version, heads_tag
from supply.adapters.problem import Prepared, prepare_problem
from supply.measures import CONSENSUS
from supply.selectors.adopted import list_adopted

KEPT = 2


@dataclass
class WarmModel:
    """A solved problem ready for trials. One caller at a time: a solver is no shared thing."""

    prepared: Prepared
    trials: Trials
    lock: threading.Lock = field(default_factory=threading.Lock)


_models: OrderedDict[tuple[Hashable, ...], WarmModel] = OrderedDict()
_guard = threading.Lock()


def get_warm_model(version_id: int) -> WarmModel:
    """The solved model of a plan as its inputs are now; built and solved on first use.

    Raises ``Conflict`` while nothing is asked for: there is no plan yet that a trial could be compared with.
    """
    version = get_version(version_id)
    key = _input_key(version)
    with _guard:
        if key in _models:
            _models.move_to_end(key)
            return _models[key]
    prepared = prepare_problem(version)
    if not prepared.problem.demand.quantity.any():
        raise Conflict(
            _("The plan has no demand yet. Build the demand proposal first, then try changes."), code="no_demand"
        )
    session = Session(prepared.problem)
    model = WarmModel(prepared, Trials(session, session.solve()))
    with _guard:
        _models[key] = model
        while len(_models) > KEPT:
            _models.popitem(last=False)
    return model


def _input_key(version: Version) -> tuple[Hashable, ...]:
    """Where everything the problem is made of stands: read before the problem, so it is never newer than its key."""
    heads = get_heads(version_id=version.pk, measures=[CONSENSUS])
    adopted = tuple(list_adopted(version).values_list("pk", flat=True))
    return version.pk, heads_tag(heads), get_company().revision, adopted


def forget_models() -> None:
    """Drop every warm model of this process."""
    with _guard:
        _models.clear()

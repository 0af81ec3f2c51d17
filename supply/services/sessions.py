"""Solved models kept warm in this process: a what-if is then a re-solve of a fraction of a second.

Keyed by plan and by where its demand, master data and adopted options stand, so a changed input never meets an old
model. A process that meets a plan for the first time begins from the basis its last balance stored: it reads and
builds the model but solves nothing anew. A model of a thousand products takes some hundred megabytes; as many as
``WARM_MODELS`` allows are kept, the longest unused goes first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Conflict
from engine.balancing.contracts import BalancePlan
from engine.balancing.solve import Session
from engine.balancing.trials import Trials
from masterdata.selectors import get_company
from plans.models import Version
from plans.selectors import get_heads, get_version, heads_tag
from supply.adapters.problem import Prepared, prepare_problem
from supply.adapters.records import load_basis
from supply.measures import CONSENSUS
from supply.selectors.adopted import list_adopted
from supply.selectors.runs import get_latest_run


@dataclass
class WarmModel:
    """A solved problem ready for trials. One caller at a time: a solver is no shared thing."""

    prepared: Prepared
    trials: Trials
    lock: threading.Lock = field(default_factory=threading.Lock)


_models: OrderedDict[tuple[Hashable, ...], WarmModel] = OrderedDict()
_guard = threading.Lock()
_building: defaultdict[tuple[Hashable, ...], threading.Lock] = defaultdict(threading.Lock)


def get_warm_model(version_id: int) -> WarmModel:
    """The solved model of a plan as its inputs are now; built on first use.

    Raises ``Conflict`` while nothing is asked for (there is no plan yet that a trial could be compared with), and for
    a large plan that no balance has solved in its present shape: that takes as long as a balance.
    """
    version = get_version(version_id)
    key = _input_key(version)
    found = _find(key)
    if found is not None:
        return found
    with _guard:
        turn = _building[key]
    with turn:  # who comes second waits for the first one's model instead of building the same again
        return _find(key) or _keep(build_model(version), key)


def is_warm(version_id: int) -> bool:
    """Whether this process has the plan's model as its inputs are now."""
    return _find(_input_key(get_version(version_id))) is not None


def forget_models() -> None:
    """Drop every warm model of this process."""
    with _guard:
        _models.clear()


def _find(key: tuple[Hashable, ...]) -> WarmModel | None:
    with _guard:
        if key in _models:
            _models.move_to_end(key)
        return _models.get(key)


def build_model(version: Version) -> WarmModel:
    """A plan's solved model for this caller alone; see ``get_warm_model`` for what it raises."""
    prepared = prepare_problem(version)
    if not prepared.problem.demand.quantity.any():
        raise Conflict(
            _("The plan has no demand yet. Build the demand proposal first, then try changes."), code="no_demand"
        )
    session = Session(prepared.problem)
    return WarmModel(prepared, Trials(session, _first_plan(session, version)))


def _keep(model: WarmModel, key: tuple[Hashable, ...]) -> WarmModel:
    with _guard:
        _models[key] = model
        _building.pop(key, None)
        while len(_models) > settings.WARM_MODELS:
            _models.popitem(last=False)
    return model


def _first_plan(session: Session, version: Version) -> BalancePlan:
    start = load_basis(get_latest_run(version.pk))
    resumed = session.resume(start) if start is not None else None
    if resumed is not None:
        return resumed
    if session.is_large:
        raise Conflict(
            _("This plan is large and was not balanced in its present shape. Run the balance, then try changes."),
            code="not_balanced",
        )
    return session.solve()


def _input_key(version: Version) -> tuple[Hashable, ...]:
    """Where everything the problem is made of stands: read before the problem, so it is never newer than its key."""
    heads = get_heads(version_id=version.pk, measures=[CONSENSUS])
    adopted = tuple(list_adopted(version).values_list("pk", flat=True))
    return version.pk, heads_tag(heads), get_company().revision, adopted

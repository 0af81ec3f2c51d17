"""Publishing the flex band that capacity and core materials prepare for (R-055)."""

from __future__ import annotations

from functools import partial

import numpy as np

from accounts.models import User
from cycles.models import Cycle
from demand.measures import CONSENSUS, FLEX_CAPACITY, FLEX_MATERIAL
from demand.models import FlexBasis
from demand.selectors.flex import flex_cubes, share_by_basis
from demand.selectors.flex_basis import build_basis
from demand.selectors.frame import load_frame
from plans.choices import PublishPolicy, Source
from plans.selectors import get_heads, load_measure
from plans.services import publish_cubes


def publish_flex(*, cycle: Cycle, actor: User | None) -> None:
    """Store the flex band as it follows from the consensus, forecast errors, costs and policies of this moment.

    Raises ``Frozen`` once the demand review is signed: the band is part of what was agreed.
    """
    frame = load_frame(cycle)
    heads = get_heads(version_id=frame.version_id, measures=[FLEX_CAPACITY, FLEX_MATERIAL])
    consensus = load_measure(version_id=frame.version_id, measure=CONSENSUS, months=frame.months)
    basis = build_basis(frame)
    products = np.unique(consensus.axis.keys[:, 0])
    shares = share_by_basis(basis, frame.hierarchy.products, products, frame.months)
    store = partial(FlexBasis.objects.update_or_create, version_id=frame.version_id, defaults={"data": basis})
    publish_cubes(
        version_id=frame.version_id,
        cubes=flex_cubes(consensus, shares),
        seen=heads,
        policy=PublishPolicy.STRICT,
        fence=store,
        actor=actor,
        source=Source.SYSTEM,
        cause="flex",
    )

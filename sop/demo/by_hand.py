"""What the demo company's people changed by hand in the months that are closed, so that look back can judge it.

The demand lead listens to dealers and comes closer to what was sold; a region that plans its targets goes the other way.
"""

from __future__ import annotations

from accounts.choices import Role
from accounts.models import User
from masterdata.models import Org, Product
from plans.hierarchy import load_hierarchy
from plans.selectors import load_rollup
from plans.services import EditRequest, Note, save_requests
from sop.demo.market import Market
from sop.demo.words import say
from sop.monthly import MonthlyRun

# cycles before the current one, measure, role, product, region or dealer, months of the cycle,
# part of the way to what was sold later (negative: away from it), reason, comment
_CHANGES = (
    (2, "consensus", Role.DEMAND_LEAD, "S6-COMF", "SH", (0, 0), 0.4, "customer", "Registrations of the first two weeks"),
    (2, "sales", Role.SALES, "S6", "NORTH", (0, 1), -0.6, "assumption", "Quarter target of the region"),
    (1, "consensus", Role.DEMAND_LEAD, "S6-COMF", "HZ", (0, 0), 0.4, "order_moved", "Fleet tender decided"),
    (1, "sales", Role.SALES, "E7", "NORTH", (0, 0), -0.5, "assumption", "Quarter target of the region"),
)  # fmt: skip


def change_by_hand(run: MonthlyRun, people: dict[str, User], market: Market, *, before: int) -> None:
    """The changes of the cycle ``before`` months before the current one; nothing in the current one."""
    hierarchy = load_hierarchy()
    for ago, measure, role, product, org, offsets, part, reason, comment in _CHANGES:
        if ago != before:
            continue
        nodes = Product.objects.get(code=product).pk, Org.objects.get(code=org).pk
        months = range(run.month + offsets[0], run.month + offsets[1] + 1)
        now = load_rollup(
            version_id=run.version.pk,
            measure=measure,
            products=[nodes[0]],
            orgs=[nodes[1]],
            months=months,
            hierarchy=hierarchy,
        )[0, 0].tolist()
        came = [_sold(market, product, org, month) for month in months]
        note = Note(reason=reason, comment=say(comment))
        requests = [
            EditRequest(measure, *nodes, month, round(said + part * (sold - said)), checked=False, note=note)
            for month, said, sold in zip(months, now, came, strict=True)
        ]
        save_requests(version_id=run.version.pk, requests=requests, actor=people[role])


def _sold(market: Market, product: str, org: str, month: int) -> int:
    leaves = enumerate(market.leaves)
    rows = [n for n, leaf in leaves if leaf.product.startswith(product) and org in (leaf.org, leaf.region)]
    return int(market.actual[rows, market.column(month)].sum())

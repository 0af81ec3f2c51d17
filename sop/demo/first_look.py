"""What the demo company's people did at their desks before the review: a first balance, changes since, promises.

So home has something to say: a balance gone stale, who changed what and why, actions of last month still open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from accounts.choices import Role
from accounts.models import User
from cycles.models import Cycle
from masterdata.models import Org, Product
from meetings import services as meetings
from meetings.choices import ActionState
from meetings.selectors import list_actions
from plans.hierarchy import load_hierarchy
from plans.selectors import load_rollup
from plans.services import EditRequest, Note, save_requests
from sop.demo.words import say
from sop.monthly import MonthlyRun

# measure, role, product, org, months from the cycle's first, factor, reason, comment
_CHANGES = (
    ("sales", Role.SALES, "E7", "NORTH", (1, 2), 0.93, "order_moved", "Fleet order of the city taxi company moves to summer"),
    ("consensus", Role.DEMAND_LEAD, "E7", "", (2, 3), 0.96, "assumption", "The trade-in subsidy ends with the year"),
    ("consensus", Role.DEMAND_LEAD, "C3", "", (1, 2, 3), 0.9, "price", "A rival lists its city car ¥6,000 lower"),
)  # fmt: skip
# title, owner, days from today, state
_ACTIONS = (
    ("Clear 400 C3 from the Hefei yard", Role.SALES, 12, ActionState.IN_PROGRESS),
    ("Sign the spare tool for the body shop of line 2", Role.PRODUCTION, -5, ActionState.IN_PROGRESS),
    ("Second source for B75 packs: audit GreenCell", Role.PURCHASING, 20, ActionState.OPEN),
    ("Ask key customers for their summer call-offs", Role.SALES, -3, ActionState.DONE),
)


def take_a_first_look(run: MonthlyRun, people: dict[str, User]) -> None:
    """Balance the first proposal, then go on planning: the balance is out of date."""
    run.balance()
    for requests, actor in _edits(run, people):
        save_requests(version_id=run.version.pk, requests=requests, actor=actor)


def promise_actions(cycle: Cycle, people: dict[str, User], *, today: dt.date) -> None:
    """What people promise in the month before the current one; what is open then is followed in the next.

    What the decisions of the months before asked for is done by then.
    """
    for action in list_actions(cycle).filter(state=ActionState.OPEN):
        meetings.move_action(action=action, state=ActionState.DONE, actor=action.owner)
    for title, owner, days, state in _ACTIONS:
        action = meetings.add_action(
            cycle=cycle,
            title=say(title),
            owner=people[owner],
            due=today + dt.timedelta(days=days),
            actor=people[Role.COORDINATOR],
        )
        if state != ActionState.OPEN:
            meetings.move_action(action=action, state=state, actor=people[owner])


def _edits(run: MonthlyRun, people: dict[str, User]) -> Iterator[tuple[list[EditRequest], User]]:
    hierarchy, version = load_hierarchy(), run.version
    for measure, role, product, org, offsets, factor, reason, comment in _CHANGES:
        product_id = Product.objects.get(code=product).pk
        org_id = Org.objects.get(code=org).pk if org else None
        months = range(run.month + offsets[0], run.month + offsets[-1] + 1)
        now = load_rollup(
            version_id=version.pk,
            measure=measure,
            products=[product_id],
            orgs=[org_id],
            months=months,
            hierarchy=hierarchy,
        )[0, 0]
        note = Note(reason=reason, comment=say(comment))
        yield (
            [
                EditRequest(measure, product_id, org_id, month, round(value * factor), checked=False, note=note)
                for month, value in zip(months, now.tolist(), strict=True)
            ],
            people[role],
        )

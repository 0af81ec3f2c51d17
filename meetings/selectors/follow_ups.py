"""The actions that answer a cycle's deviations and assumptions."""

from __future__ import annotations

from collections import defaultdict

from cycles.models import Cycle
from demand.follow_ups import DeviationKey, FollowUp, FollowUps
from demand.models import Assumption
from meetings.models import ActionItem
from meetings.selectors.items import is_overdue


def find_follow_ups(cycle: Cycle) -> FollowUps:
    """Actions by the cycle's assumptions, also those promised when an assumption stood in an earlier cycle, and by the
    deviations of its closed month."""
    origins = _trace_assumptions(cycle)
    by_assumption: dict[int, list[FollowUp]] = defaultdict(list)
    by_deviation: dict[DeviationKey, list[FollowUp]] = defaultdict(list)
    rows = ActionItem.objects.select_related("owner").order_by("due", "pk")
    for action in rows.filter(assumption__in=origins):
        if action.assumption_id is not None:
            by_assumption[origins[action.assumption_id]].append(_tell(action))
    for action in rows.filter(deviation_month=cycle.month - 1):
        key = (action.deviation_product_id or 0, action.deviation_org_id or 0, action.deviation_month or 0)
        by_deviation[key].append(_tell(action))
    return FollowUps(by_assumption, by_deviation)


def _trace_assumptions(cycle: Cycle) -> dict[int, int]:
    """Id of an assumption in any cycle → the id it has in this one."""
    newest = {pk: pk for pk in Assumption.objects.filter(cycle=cycle).values_list("pk", flat=True)}
    step = newest
    while step:
        carried = Assumption.objects.filter(pk__in=step, carried_from__isnull=False)
        step = {old: step[pk] for pk, old in carried.values_list("pk", "carried_from") if old is not None}
        newest |= step
    return newest


def _tell(action: ActionItem) -> FollowUp:
    return FollowUp(action.title, str(action.owner), action.due, action.get_state_display(), is_overdue(action))

"""Who may see and change which numbers of a plan: role, scope and kind of plan joined."""

from __future__ import annotations

from accounts.models import Scope, User
from accounts.policies import can
from plans.choices import VersionKind
from plans.hierarchy import Hierarchy, Node
from plans.measures import Measure
from plans.models import Version

SEE_COSTS = "finance.view_costs"
WRITE_SCENARIO = "scenario.write"


def can_see_measure(user: User, measure: Measure) -> bool:
    """Costs and margins are masked, measure by measure."""
    return not measure.masked or can(user, SEE_COSTS)


def can_edit_measure(user: User, measure: Measure, version: Version) -> bool:
    """In the plan of a cycle the measure's own action decides; in a scenario whoever may write scenarios."""
    if measure.edit_action is None:
        return False
    action = WRITE_SCENARIO if version.kind == VersionKind.SCENARIO else measure.edit_action
    return can(user, action)


def can_edit_node(scope: Scope, hierarchy: Hierarchy, product: Node, org: Node) -> bool:
    """Everything below a node must be the editor's, or its total would change what is not."""
    return scope.is_everything or hierarchy.is_in_scope(scope, product, org)

"""Writing demand: sources into the plan, the statistical forecast, the consensus, remarks and assumptions."""

from demand.services.assumptions import (
    add_assumption,
    assess_assumption,
    carry_assumptions,
    check_assumptions,
    enqueue_assumption_check,
)
from demand.services.cells import lock_place, preview_split
from demand.services.consensus import build_proposal
from demand.services.events import EventTerms, add_event, change_event, withdraw_event
from demand.services.excess_orders import raise_to_orders
from demand.services.flex import publish_flex
from demand.services.forecast import enqueue_forecast, forecast_input_hash
from demand.services.forecast_run import join_forecast, run_forecast, run_part
from demand.services.launches import plan_launch, withdraw_launch
from demand.services.node_forecast import NodeForecast, Trial, TriedActivity, forecast_node
from demand.services.remarks import add_comment, decide_outlier, resolve_comment, withdraw_outlier
from demand.services.sources import (
    RefreshSummary,
    apply_inputs,
    follow_new_actuals,
    follow_new_inputs,
    follow_new_orders,
    refresh_sources,
)
from demand.services.submission import submit_streams

__all__ = [
    "EventTerms",
    "NodeForecast",
    "RefreshSummary",
    "Trial",
    "TriedActivity",
    "add_assumption",
    "add_comment",
    "add_event",
    "apply_inputs",
    "assess_assumption",
    "build_proposal",
    "carry_assumptions",
    "change_event",
    "check_assumptions",
    "decide_outlier",
    "enqueue_assumption_check",
    "enqueue_forecast",
    "follow_new_actuals",
    "follow_new_inputs",
    "follow_new_orders",
    "forecast_input_hash",
    "forecast_node",
    "join_forecast",
    "lock_place",
    "plan_launch",
    "preview_split",
    "publish_flex",
    "raise_to_orders",
    "refresh_sources",
    "resolve_comment",
    "run_forecast",
    "run_part",
    "submit_streams",
    "withdraw_event",
    "withdraw_launch",
    "withdraw_outlier",
]

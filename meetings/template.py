"""Default agendas: each meeting ends in decisions, not in reports."""

from django.utils.translation import gettext_noop

from accounts.choices import Department
from cycles.choices import StepCode

AGENDAS: dict[str, tuple[tuple[str, int], ...]] = {
    StepCode.DEMAND_REVIEW: (
        (gettext_noop("Last cycle: deviations and their causes"), 15),
        (gettext_noop("Assumptions: kept, changed, broken"), 10),
        (gettext_noop("What changed since last cycle, by cause"), 15),
        (gettext_noop("Risks and opportunities"), 10),
        (gettext_noop("Agree the unconstrained demand and sign"), 10),
    ),
    StepCode.SUPPLY_REVIEW: (
        (gettext_noop("Last cycle: planned, produced, delivered"), 10),
        (gettext_noop("Bottlenecks and material risk"), 15),
        (gettext_noop("Shortage list and options"), 20),
        (gettext_noop("Sign the constrained plan"), 10),
    ),
    StepCode.PRE_SOP: (
        (gettext_noop("Demand, supply and budget side by side"), 15),
        (gettext_noop("Gaps and what closes them"), 20),
        (gettext_noop("Conflicts: both positions"), 15),
        (gettext_noop("Decision list for the executive meeting"), 10),
    ),
    StepCode.EXECUTIVE: (
        (gettext_noop("Where we stand"), 10),
        (gettext_noop("Decisions"), 30),
        (gettext_noop("Last month's promises"), 10),
        (gettext_noop("Approve the plan"), 5),
    ),
}

# What each department hands in before the demand review (R-060 … R-062): key, question.
MATERIAL: dict[str, tuple[tuple[str, str], ...]] = {
    Department.SALES: (
        ("demand", gettext_noop("Next month's demand by product")),
        ("orders", gettext_noop("Orders in hand")),
        ("customers", gettext_noop("Key customers and their delivery wishes")),
        ("market", gettext_noop("What changed in the market")),
    ),
    Department.PRODUCTION: (
        ("maximum", gettext_noop("Maximum capacity")),
        ("maintenance", gettext_noop("Planned maintenance and shutdowns")),
        ("available", gettext_noop("Capacity really available")),
        ("progress", gettext_noop("Progress of the current plan")),
    ),
    Department.SUPPLY: (
        ("materials", gettext_noop("Key materials and supplier lead times")),
        ("stock", gettext_noop("Stock of raw materials")),
        ("arrivals", gettext_noop("Arrival dates")),
        ("risk", gettext_noop("Shortage risk")),
    ),
}

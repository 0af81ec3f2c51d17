"""Default agendas: each meeting ends in decisions, not in reports."""

from django.utils.translation import gettext_noop

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

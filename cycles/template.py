"""The six steps as the process prescribes them: who leads, what goes in, what comes out (R-005, R-006)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop

from accounts.choices import Department, Role
from cycles.choices import Milestone, StepCode


@dataclass(frozen=True)
class StepTemplate:
    """Defaults of one step. ``inputs`` and ``outputs`` are English source texts, translated when shown.

    ``required`` departments must hand in material; ``cosigners`` must sign before the lead does.
    """

    code: StepCode
    owner_role: Role
    purpose: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    participants: tuple[Role, ...]
    opens: Milestone
    due: Milestone
    cutoff: Milestone | None = None
    meets: Milestone | None = None
    required: tuple[Department, ...] = ()
    cosigners: tuple[Department, ...] = ()


_EVERY_PLANNER = (
    Role.SALES,
    Role.MARKETING,
    Role.DEMAND_LEAD,
    Role.PRODUCTION,
    Role.PURCHASING,
    Role.SUPPLY_LEAD,
    Role.FINANCE,
    Role.COORDINATOR,
)
_CORE_THREE = (Department.SALES, Department.PRODUCTION, Department.SUPPLY)

TEMPLATES: tuple[StepTemplate, ...] = (
    StepTemplate(
        code=StepCode.BUSINESS_REVIEW,
        owner_role=Role.COORDINATOR,
        purpose=gettext_noop("Close the month, load its data, compare it with the targets and list what changed."),
        inputs=(
            gettext_noop("actual sales"),
            gettext_noop("production and stock"),
            gettext_noop("orders in hand"),
            gettext_noop("budget and latest estimate"),
            gettext_noop("events"),
        ),
        outputs=(
            gettext_noop("clean history"),
            gettext_noop("statistical baseline"),
            gettext_noop("activity list"),
            gettext_noop("updated latest estimate"),
        ),
        participants=(Role.COORDINATOR, Role.DEMAND_LEAD, Role.SUPPLY_LEAD, Role.FINANCE),
        opens=Milestone.DATA_CLOSE_OPENS,
        cutoff=Milestone.DATA_CLOSED,
        due=Milestone.INPUTS_OPEN,
    ),
    StepTemplate(
        code=StepCode.DEMAND_REVIEW,
        owner_role=Role.DEMAND_LEAD,
        purpose=gettext_noop("Agree one unconstrained demand for the horizon, with its assumptions and risks."),
        inputs=(
            gettext_noop("statistical baseline"),
            gettext_noop("department streams"),
            gettext_noop("assumptions"),
            gettext_noop("activities and new products"),
        ),
        outputs=(
            gettext_noop("unconstrained consensus"),
            gettext_noop("assumption log"),
            gettext_noop("demand actions"),
            gettext_noop("risks and opportunities"),
        ),
        participants=_EVERY_PLANNER,
        opens=Milestone.INPUTS_OPEN,
        cutoff=Milestone.INPUT_CUTOFF,
        meets=Milestone.DEMAND_REVIEW,
        due=Milestone.DEMAND_REVIEW,
        required=_CORE_THREE,
        cosigners=_CORE_THREE,
    ),
    StepTemplate(
        code=StepCode.SUPPLY_REVIEW,
        owner_role=Role.SUPPLY_LEAD,
        purpose=gettext_noop("Answer in the demand's own dimensions: what is possible, what is short, which options."),
        inputs=(
            gettext_noop("consensus demand"),
            gettext_noop("capacity and maintenance"),
            gettext_noop("bills of material, stock and lead times"),
            gettext_noop("policies"),
        ),
        outputs=(
            gettext_noop("constrained plan"),
            gettext_noop("shortage list"),
            gettext_noop("options"),
            gettext_noop("long-range resource need"),
        ),
        participants=(Role.SUPPLY_LEAD, Role.PRODUCTION, Role.PURCHASING, Role.DEMAND_LEAD, Role.COORDINATOR),
        opens=Milestone.DEMAND_REVIEW,
        meets=Milestone.SUPPLY_REVIEW,
        due=Milestone.SUPPLY_REVIEW,
    ),
    StepTemplate(
        code=StepCode.PRE_SOP,
        owner_role=Role.COORDINATOR,
        purpose=gettext_noop("Close the gaps between demand, supply and money, and write the decision list."),
        inputs=(
            gettext_noop("demand and supply plan"),
            gettext_noop("prices and costs"),
            gettext_noop("budget and latest estimate"),
            gettext_noop("options"),
        ),
        outputs=(
            gettext_noop("evaluated demand"),
            gettext_noop("financial projection"),
            gettext_noop("decision list"),
            gettext_noop("agenda"),
        ),
        participants=_EVERY_PLANNER,
        opens=Milestone.SUPPLY_REVIEW,
        meets=Milestone.PRE_SOP,
        due=Milestone.PRE_SOP,
        cosigners=(Department.FINANCE,),
    ),
    StepTemplate(
        code=StepCode.EXECUTIVE,
        owner_role=Role.EXECUTIVE,
        purpose=gettext_noop("Decide the open items and approve the constrained plan."),
        inputs=(
            gettext_noop("one-page summary"),
            gettext_noop("decision list"),
            gettext_noop("performance indicators"),
            gettext_noop("risks and opportunities"),
        ),
        outputs=(gettext_noop("approved plan"), gettext_noop("decisions"), gettext_noop("targets")),
        participants=(Role.EXECUTIVE, Role.COORDINATOR, Role.DEMAND_LEAD, Role.SUPPLY_LEAD, Role.FINANCE),
        opens=Milestone.PRE_SOP,
        cutoff=Milestone.PRE_READ,
        meets=Milestone.EXECUTIVE,
        due=Milestone.EXECUTIVE,
    ),
    StepTemplate(
        code=StepCode.RELEASE,
        owner_role=Role.SUPPLY_LEAD,
        purpose=gettext_noop("Hand the approved plan to execution and follow the actions."),
        inputs=(gettext_noop("approved plan"),),
        outputs=(gettext_noop("release"), gettext_noop("acknowledgements"), gettext_noop("variance feed")),
        participants=(Role.SUPPLY_LEAD, Role.PRODUCTION, Role.PURCHASING, Role.COORDINATOR),
        opens=Milestone.EXECUTIVE,
        due=Milestone.RELEASE,
    ),
)
TEMPLATE_OF: Mapping[str, StepTemplate] = {template.code: template for template in TEMPLATES}

# Steps a department may sign beside the lead, whether it must or not.
COSIGNED_STEPS = frozenset({StepCode.DEMAND_REVIEW, StepCode.SUPPLY_REVIEW, StepCode.PRE_SOP})

# Who may sign for a department; the demand lead and the coordinator lead steps and sign for no department.
COSIGN_ROLES: dict[Department, frozenset[Role]] = {
    Department.SALES: frozenset({Role.SALES}),
    Department.MARKETING: frozenset({Role.MARKETING}),
    Department.PRODUCTION: frozenset({Role.PRODUCTION}),
    Department.SUPPLY: frozenset({Role.PURCHASING, Role.SUPPLY_LEAD}),
    Department.FINANCE: frozenset({Role.FINANCE}),
}


def translate_texts(texts: list[str]) -> list[str]:
    """Stored source texts in the reader's language; a text somebody typed stays as typed."""
    return [gettext(text) for text in texts]

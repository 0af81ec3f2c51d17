"""The decision list from open items: each material gap asks its question by itself (R-095)."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.db import write_transaction
from core.errors import InvalidInput
from cycles.models import Cycle
from masterdata.models import Product
from meetings.choices import DecisionSource
from meetings.models import Decision, GapNote
from meetings.selectors import MaterialGap, list_gap_products, list_material_gaps, offer_options, option_rows
from meetings.services.decisions import add_item, check_options
from meetings.services.follow_ups import add_follow_ups
from meetings.services.writing import hold_cycle, log, need_text


def build_decision_list(*, cycle: Cycle, actor: User) -> list[Decision]:
    """One proposed item per product with unanswered material gaps, dearest first. Running it again adds nothing.

    Audit ``meetings.decision.proposed`` per item.
    """
    require(actor, "decision.propose")
    made = []
    with write_transaction():
        held = hold_cycle(cycle)
        for product_id, gaps in list_gap_products(list_material_gaps(held)).items():
            unanswered = [gap for gap in gaps if not gap.is_answered]
            if unanswered:
                made.append(_ask(held, product_id, unanswered, actor))
                dearest = max(unanswered, key=lambda gap: gap.margin_lost)
                add_follow_ups(cycle=held, product=Product.objects.get(pk=product_id), gap=dearest, actor=actor)
    return made


def _ask(cycle: Cycle, product_id: int, gaps: list[MaterialGap], actor: User) -> Decision:
    product = Product.objects.get(pk=product_id)
    offered = offer_options(cycle, product_id)
    decision = add_item(
        cycle=cycle,
        actor=actor,
        source=DecisionSource.GAP,
        source_key=f"{product.code}:{gaps[0].month}",
        facts={
            "product": product.code,
            "months": sorted(gap.month for gap in gaps),
            "short": sum(gap.short for gap in gaps),
            "revenue_lost": sum(gap.revenue_lost for gap in gaps),
        },
        money_at_stake=sum(gap.margin_lost for gap in gaps),
        owner=actor,
        must_decide=True,
        options=check_options(option_rows(offered)),
        decide_by=min((option.decide_by for option in offered), default=None),
    )
    now = timezone.now()
    for gap in gaps:
        GapNote.objects.create(cycle=cycle, product=product, month=gap.month, decision=decision, user=actor, at=now)
    return decision


def accept_gap(*, cycle: Cycle, product: Product, note: str, actor: User, month: int | None = None) -> GapNote:
    """Accept a gap with a note, for one month or for all. Audit ``meetings.gap.accepted``."""
    require(actor, "decision.propose")
    note = need_text(note, _("Say why the gap is accepted."))
    with write_transaction():
        held = hold_cycle(cycle)
        if month is not None and not held.month <= month < held.month + held.horizon:
            raise InvalidInput(_("The month lies outside the plan."), code="invalid_month")
        found, _created = GapNote.objects.update_or_create(
            cycle=held,
            product=product,
            month=month,
            defaults={"note": note, "user": actor, "at": timezone.now(), "decision": None},
        )
        log(held, actor, "gap.accepted", found, {"product": product.code, "month": month, "note": note})
    return found

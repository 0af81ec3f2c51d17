"""How far the causes and options of a plan's last balance are: a large plan is shown before they are done."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.models import Job
from supply.choices import PricingState, RunStatus
from supply.selectors.runs import get_latest_run


@dataclass(frozen=True)
class OptionPricing:
    """``done`` of ``total`` levers are priced; ``job`` is the one that prices them, None where none was needed.

    Of a plan in blocks (``is_near``) they are the blocks that lose most.
    """

    state: PricingState
    done: int
    total: int
    is_explained: bool
    is_near: bool
    job: int | None

    @property
    def is_over(self) -> bool:
        """Whether the options listed are all there will be."""
        return self.state == PricingState.DONE

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0

    @property
    def text(self) -> str:
        """In words what is still to come; empty when nothing is."""
        facts = {"done": self.done, "total": self.total, "left": self.total - self.done}
        match self.state:
            case PricingState.FIRST:
                return _("Options follow with the exact plan.")
            case PricingState.PRICING if self.is_near:
                return _("Confirming causes and pricing options: part %(done)d of %(total)d.") % facts
            case PricingState.PRICING if not self.is_explained:
                return _("Causes are being confirmed, then %(left)d options priced.") % facts
            case PricingState.PRICING:
                return _("Pricing options: %(done)d of %(total)d.") % facts
            case PricingState.STOPPED:
                return _("Pricing stopped at %(done)d of %(total)d options.") % facts
        return ""


def get_option_pricing(version_id: int) -> OptionPricing | None:
    """Of the balance the plan stands on; None before the first one."""
    run = get_latest_run(version_id)
    if run is None:
        return None
    job = Job.objects.filter(pk=run.options_job_id).first() if run.options_job_id else None
    if run.status == RunStatus.FIRST:
        state = PricingState.FIRST
    elif run.options_done == run.options_total and run.is_explained:
        state = PricingState.DONE
    elif job is not None and not job.is_over and not job.cancel_requested:
        state = PricingState.PRICING
    else:
        state = PricingState.STOPPED
    return OptionPricing(
        state,
        run.options_done,
        run.options_total,
        run.is_explained,
        run.status == RunStatus.NEAR,
        job.pk if job else None,
    )

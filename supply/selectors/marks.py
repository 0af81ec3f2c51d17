"""What the figures of a plan's pages are computed from: under this they are kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TypeVar

from django.db.models import Count, Max
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from accounts.selectors import get_scope
from core.errors import Missing
from demand.models import ConsensusRule, ConsumptionRule, FlexBasis, ForecastRun
from masterdata.models import Company
from plans.models import Version
from plans.selectors import get_actuals_version, get_heads, get_last_approved, keep_figures
from supply.models import BalanceRun, Disposition, PolicyReview

_T = TypeVar("_T")


def keep_plan_figures(what: Hashable, *, version: Version, user: User | None, make: Callable[[], _T]) -> _T:
    """What ``make`` says of a plan's demand, stock or policies to a reader, made once for each state of what it reads.

    That is: the plan's figures, those of the plan approved before it and the actuals, the master data with orders and
    events, the declared rules, the last runs, what people decided about stock and policies, what ``user`` may see
    (None: it does not matter), the language and the day.
    """
    last = get_last_approved(before_month=version.cycle.month) if version.cycle else None
    heads = dict(get_heads(version_id=version.pk))
    if last is not None:
        heads |= {f"{code} before": ref for code, ref in get_heads(version_id=last.pk).items()}
    with suppress(Missing):
        heads |= {f"{code} sold": ref for code, ref in get_heads(version_id=get_actuals_version().pk).items()}
    reader = get_scope(user) if user else None, get_language(), timezone.localdate()
    return keep_figures(what, heads, reader, _mark_rest(), make=make)


def _mark_rest() -> Hashable:
    """Every writer of master data takes the company's next revision; runs and reviews are only ever added."""
    newest = [model.objects.aggregate(pk=Max("pk"))["pk"] for model in (BalanceRun, ForecastRun, PolicyReview)]
    decided = Disposition.objects.aggregate(count=Count("pk"), pk=Max("pk"), at=Max("decided_at"))
    flex = FlexBasis.objects.aggregate(count=Count("pk"), at=Max("at"))
    people = User.objects.order_by("pk").values_list("pk", "display_name", "username")
    company = Company.objects.values_list().first()
    rules = [tuple(model.objects.order_by("pk").values_list()) for model in (ConsensusRule, ConsumptionRule)]
    return company, *newest, *decided.values(), *flex.values(), *rules, tuple(people)

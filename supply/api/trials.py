"""REST of what-if: try settings, options and rush orders on the warm plan, keep them in a scenario."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_actor
from core.api import ApiView, idempotent
from core.errors import InvalidInput
from core.months import format_month, parse_month
from masterdata.selectors import get_company
from plans.selectors import get_version
from supply import serializers
from supply.services.keeping import keep_trial
from supply.services.sessions import get_warm_model
from supply.services.trials import Effect, Trial, find_worth, try_settings
from supply.wording import say_money_line

MASKED_FIELDS = ("revenue", "gain", "cost")


class TrialView(ApiView):
    """The plan as it would be with other settings, options or rush orders; nothing is stored."""

    required_actions = {"POST": "scenario.write"}
    throttle_scope = "trials"

    @extend_schema(request=serializers.TrialSerializer, responses=serializers.TrialResultSerializer)
    def post(self, request: Request, version: int) -> Response:
        asked, actor = _asked(serializers.TrialSerializer, request), get_actor(request)
        trial = try_settings(
            version_id=get_version(version).pk, settings=asked["settings"], option_ids=asked["options"], actor=actor
        )
        return Response(trial_to_json(trial, actor))


class KeepTrialView(ApiView):
    """Keep what was tried: a scenario with it, whose balance is in the queue."""

    required_actions = {"POST": "scenario.write"}
    throttle_scope = "trials"

    @extend_schema(request=serializers.KeepSerializer, responses={201: serializers.KeptSerializer})
    @idempotent
    def post(self, request: Request, version: int) -> Response:
        asked = _asked(serializers.KeepSerializer, request)
        scenario, job = keep_trial(
            version_id=get_version(version).pk,
            settings=asked["settings"],
            option_ids=asked["options"],
            scenario_id=asked.get("scenario"),
            name=asked.get("name", ""),
            actor=get_actor(request),
        )
        url = f"/supply/?version={scenario.pk}"
        body = {"version": scenario.pk, "name": scenario.name, "url": url, "job": job.pk}
        return Response(body, status=status.HTTP_201_CREATED)


class WorthView(ApiView):
    """What one more hour, unit from the supplier or unit of storage is worth in a month, and for how many."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=[serializers.WorthQuerySerializer], responses=serializers.WorthSerializer)
    def get(self, request: Request, version: int) -> Response:
        form = serializers.WorthQuerySerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked, month = form.validated_data, month_in(form.validated_data["month"])
        found = find_worth(version_id=get_version(version).pk, what=asked["what"], code=asked["code"], month=month)
        cent = 10 ** get_company().currency_decimals
        money = {"value": round(found.value * cent, 2), "then": round(found.then * cent, 2)}
        masked = [] if can(get_actor(request), "finance.view_costs") else list(money)
        body = {"holds_for": round(found.holds_for, 2), "reach": round(found.reach, 2)}
        return Response({**body, **money, **dict.fromkeys(masked), "masked": masked})


class WarmView(ApiView):
    """Make the plan's model ready in this process, so that the first trial is as quick as the next ones."""

    required_actions = {"POST": "scenario.write"}

    @extend_schema(request=None, responses=serializers.WarmSerializer)
    def post(self, request: Request, version: int) -> Response:
        began = time.perf_counter()
        get_warm_model(get_version(version).pk)
        return Response({"ready": True, "seconds": round(time.perf_counter() - began, 3)})


def effect_to_json(effect: Effect, user: User) -> dict[str, Any]:
    """An effect for a reader: money is ``null`` and named in ``masked`` for who may not see costs and margins."""
    masked = () if can(user, "finance.view_costs") else MASKED_FIELDS
    return {**asdict(effect), **dict.fromkeys(masked), "masked": list(masked)}


def trial_to_json(trial: Trial, user: User) -> dict[str, Any]:
    """A trial for a reader, months as YYYY-MM, money masked like that of the effect."""
    hidden = not can(user, "finance.view_costs")
    body = asdict(trial) | {"effect": effect_to_json(trial.effect, user)}
    for name in ("shortages", "losers", "orders"):
        body[name] = [{**row, "month": format_month(row["month"])} for row in body[name]]
    if body["resource"]:
        body["resource"] = {**body["resource"], "month": format_month(body["resource"]["month"])}
    body["money"] = [{**line, "label": say_money_line(line["code"])} for line in body["money"]]
    if hidden:
        body["money"] = [{**line, "before": None, "after": None} for line in body["money"]]
        body["losers"] = [{**row, "revenue": None} for row in body["losers"]]
    return body


def month_in(text: str) -> int:
    """A month of the request. Raises ``InvalidInput``."""
    try:
        return parse_month(text)
    except ValueError as error:
        raise InvalidInput(str(error), details={"field": "month"}) from None


def _asked(form_class: type[serializers.TrialSerializer], request: Request) -> dict[str, Any]:
    form = form_class(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)

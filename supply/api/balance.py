"""REST of balancing: run it, try settings, price options together, take one into a scenario."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.policies import require
from accounts.selectors import get_actor
from core.api import ApiView, idempotent
from core.errors import Conflict
from core.months import format_month
from core.serializers import JobSerializer
from plans.selectors import get_version
from supply import serializers
from supply.api.trials import effect_to_json, month_in
from supply.selectors.pricing import get_option_pricing
from supply.services.balance import enqueue_balance
from supply.services.options import add_option_to_scenario, price_options, what_if
from supply.services.pricing import resume_pricing


class BalanceView(ApiView):
    """Put a balance of a plan or scenario in the queue."""

    required_actions = {"POST": ("balance.run", "scenario.write")}
    throttle_scope = "jobs"

    @extend_schema(request=None, responses={202: JobSerializer})
    @idempotent
    def post(self, request: Request, version: int) -> Response:
        plan = get_version(version)
        actor = get_actor(request)
        require(actor, "scenario.write" if plan.kind == "scenario" else "balance.run")
        job = enqueue_balance(version_id=plan.pk, actor=actor)
        return Response(JobSerializer(job, context={"request": request}).data, status=status.HTTP_202_ACCEPTED)


class WhatIfView(ApiView):
    """Other shifts, jobs per hour or lost hours of one resource in one month; nothing is stored."""

    required_actions = {"POST": "scenario.write"}
    throttle_scope = "trials"

    @extend_schema(request=serializers.WhatIfSerializer, responses=serializers.WhatIfResultSerializer)
    def post(self, request: Request, version: int) -> Response:
        form = serializers.WhatIfSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(form.validated_data)
        month = month_in(fields.pop("month"))
        found = what_if(version_id=get_version(version).pk, month=month, actor=get_actor(request), **fields)
        body = {
            **asdict(found),
            "month": format_month(month),
            "effect": effect_to_json(found.effect, get_actor(request)),
        }
        return Response(body)


class PriceOptionsView(ApiView):
    """Several options of a plan's last balance together."""

    required_actions = {"POST": "plan.read"}
    throttle_scope = "trials"

    @extend_schema(request=serializers.OptionIdsSerializer, responses=serializers.EffectSerializer)
    def post(self, request: Request, version: int) -> Response:
        form = serializers.OptionIdsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        effect = price_options(version_id=get_version(version).pk, option_ids=form.validated_data["options"])
        return Response(effect_to_json(effect, get_actor(request)))


class OptionPricingView(ApiView):
    """How far the options of a plan's last balance are priced; POST prices what a stopped job left."""

    required_actions = {"GET": "plan.read", "POST": ("balance.run", "scenario.write")}
    throttle_scope = "jobs"

    @extend_schema(responses=serializers.OptionPricingSerializer)
    def get(self, request: Request, version: int) -> Response:
        pricing = get_option_pricing(get_version(version).pk)
        if pricing is None:
            raise Conflict(_("The plan has not been balanced yet."), code="not_balanced")
        return Response(serializers.OptionPricingSerializer(pricing).data)

    @extend_schema(request=None, responses={202: JobSerializer})
    @idempotent
    def post(self, request: Request, version: int) -> Response:
        plan = get_version(version)
        actor = get_actor(request)
        require(actor, "scenario.write" if plan.kind == "scenario" else "balance.run")
        job = resume_pricing(version_id=plan.pk, actor=actor)
        return Response(JobSerializer(job, context={"request": request}).data, status=status.HTTP_202_ACCEPTED)


class OptionScenarioView(ApiView):
    """Take an option into a scenario, a new one by default, and balance it."""

    required_actions = {"POST": "scenario.write"}
    throttle_scope = "jobs"

    @extend_schema(request=serializers.OptionScenarioSerializer, responses={201: serializers.AdoptedScenarioSerializer})
    @idempotent
    def post(self, request: Request, option: int) -> Response:
        form = serializers.OptionScenarioSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        version = add_option_to_scenario(
            option_id=option,
            actor=get_actor(request),
            scenario_id=form.validated_data.get("scenario"),
            name=form.validated_data.get("name", ""),
        )
        body = {"version": version.pk, "name": version.name, "url": f"/supply/?version={version.pk}"}
        return Response(body, status=status.HTTP_201_CREATED)

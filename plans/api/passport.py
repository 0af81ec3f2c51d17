"""Where a figure comes from, over REST."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_scope
from core.api import etag_of, is_not_modified, not_modified
from core.errors import InvalidInput
from plans import serializers
from plans.api.base import SLICE, PlanView, caller, horizon_of
from plans.hierarchy import load_hierarchy
from plans.passports import passport_to_json
from plans.selectors import find_version, get_heads, heads_tag
from plans.selectors.passport import load_passport


class PassportView(PlanView):
    """The passport of one figure: formula, scope, source run, who froze it, what adds up to it, the last edits."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=[*SLICE[:3], *SLICE[4:]], responses=serializers.PassportSerializer)
    def get(self, request: Request, version: str) -> Response:
        plan, measures, hierarchy = find_version(version), self.measures(), load_hierarchy()
        if len(measures) != 1:
            raise InvalidInput(_("A passport is of one measure."), details={"parameter": "measure"})
        heads = get_heads(version_id=plan.pk, measures=[measures[0].code])
        scope = get_scope(caller(request))
        language = translation.get_language()
        etag = etag_of(heads_tag(heads), hierarchy.sha, scope, language, plan.snapshot_code, request.get_full_path())
        if is_not_modified(request, etag):
            return not_modified(etag)
        passport = load_passport(
            version=plan,
            measure=measures[0],
            query=self.nodes(),
            months=self.months(horizon_of(plan, measures, heads)),
            hierarchy=hierarchy,
            scope=scope,
        )
        return Response(passport_to_json(passport, hierarchy), headers={"ETag": etag})

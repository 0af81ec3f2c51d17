"""What the demand endpoints share: the cycle and the place a request means, its body, codes to rows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes
from rest_framework.request import Request

from core.api import ApiView
from core.errors import InvalidInput, Missing, unknown
from core.months import parse_month
from cycles.models import Cycle
from cycles.selectors import get_current_cycle, get_cycle
from masterdata.models import Org, Product
from plans.models import Version
from plans.selectors import get_shown_version

PLACE = [
    OpenApiParameter("product", OpenApiTypes.STR, description="Product code of any level; the whole tree without it."),
    OpenApiParameter("org", OpenApiTypes.STR, description="Sales organisation of any level."),
    OpenApiParameter("cycle", OpenApiTypes.STR, description="YYYY-MM; the newest cycle without it."),
    OpenApiParameter("version", OpenApiTypes.INT, description="A scenario of the cycle; its own plan without it."),
]


class DemandView(ApiView):
    """Knows the cycle and the place a request means."""

    def cycle(self) -> Cycle:
        """The cycle named by ``?cycle=YYYY-MM``, else the newest. Raises ``Missing``."""
        if wanted := self.request.query_params.get("cycle"):
            return get_cycle(wanted)
        if (cycle := get_current_cycle()) is None:
            raise Missing(_("No cycle has been started yet."), code="no_cycle")
        return cycle

    def version(self) -> Version:
        """The plan ``?version=`` names, else the cycle's own. Raises ``Missing``."""
        return get_shown_version(self.cycle(), self.request.query_params.get("version"))

    def nodes(self) -> dict[str, str | None]:
        """Codes of the place."""
        return {side: self.request.query_params.get(side) or None for side in ("product", "org")}

    def month(self, name: str) -> int | None:
        """An optional month of the query."""
        text = self.request.query_params.get(name)
        try:
            return parse_month(text) if text else None
        except ValueError as error:
            raise InvalidInput(str(error), details={"parameter": name}) from error


def checked(serializer: type, request: Request) -> dict[str, Any]:
    """The request's body as its serializer reads it; what does not fit is refused field by field."""
    form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def find_product(code: str) -> Product:
    """The product of a code. Raises ``Missing``."""
    found = Product.objects.filter(code=code).first()
    if found is None:
        raise unknown("product", code)
    return found


def find_org(code: str) -> Org:
    """The sales organisation of a code. Raises ``Missing``."""
    found = Org.objects.filter(code=code).first()
    if found is None:
        raise unknown("org", code)
    return found

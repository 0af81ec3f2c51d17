"""How endpoints describe themselves. Apart from ``sop.openapi``: the framework loads it before any view exists."""

import re

from drf_spectacular.openapi import AutoSchema


class RouteSchema(AutoSchema):
    """Names an operation after its route and method, which no two share."""

    def get_operation_id(self) -> str:
        route = self.path.removeprefix("/api/v1/").replace("{", "by_").replace("}", "")
        return f"{self.method.lower()}_{re.sub(r'[^A-Za-z0-9]+', '_', route).strip('_')}"

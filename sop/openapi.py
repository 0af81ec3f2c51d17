"""The OpenAPI 3.1 document of the REST surface and its page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView

_METHODS = {"get", "post", "put", "patch", "delete"}
_REFUSALS = {
    "401": "No or no valid session or token",
    "403": "The role or the token does not allow this",
    "404": "There is no such thing, or not for the caller",
    "422": "The input cannot be understood",
    "429": "Too many requests; see Retry-After",
}


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes ``Authorization: Bearer …``."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token from POST /api/v1/tokens/."}


class SchemaView(SpectacularAPIView):
    """The document: JSON unless YAML is asked for."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]


def add_problems(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Say once, for every operation, that refusals are problem+json and that POST takes an idempotency key."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components.setdefault("parameters", {})["IdempotencyKey"] = _IDEMPOTENCY_KEY
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result.get("paths", {}).values():
        for method, operation in operations.items():
            if method not in _METHODS:
                continue
            refusals = _REFUSALS if method == "get" else {**_REFUSALS, "409": "The state of the plan forbids it"}
            for status, description in refusals.items():
                operation["responses"].setdefault(status, {"description": description, "content": content})
            if method == "post":
                operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    return result


_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Further members depend on the code.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "Repeat a POST with the same key and it has one effect and one answer.",
}

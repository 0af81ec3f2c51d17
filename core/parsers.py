"""Request bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class FiniteJsonParser(JSONParser):
    """JSON whose numbers are finite: Python reads ``NaN`` and turns ``1e309`` into infinity by itself."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return json.load(stream, parse_float=_finite, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not valid JSON: %s") % error) from error


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _refuse(text)


def _refuse(text: str) -> float:
    raise ValueError(_("%s is not a finite number") % text)

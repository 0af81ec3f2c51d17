"""Request bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# Half of a surrogate pair, or NUL: valid JSON that no database stores.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class FiniteJsonParser(JSONParser):
    """JSON that can be stored: Python itself reads ``NaN``, turns ``1e309`` into infinity and lets NUL through."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            text = stream.read().decode()
            data = json.loads(text, parse_float=_finite, parse_constant=_refuse)
            if _SURROGATE.search(text):
                json.dumps(data, ensure_ascii=False).encode()
            if "\\u0000" in text:
                raise ValueError(_("the NUL character is not allowed"))
            return data
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not valid JSON: %s") % error) from error


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _refuse(text)


def _refuse(text: str) -> float:
    raise ValueError(_("%s is not a finite number") % text)

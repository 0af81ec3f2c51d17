"""The one parser of quantities and money that people type, paste or send."""

from __future__ import annotations

import re
import unicodedata
from decimal import Context, Decimal
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput

_PLAIN = re.compile(r"^[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?$|^[+-]?\.[0-9]+$")
_LONGEST_TEXT = 40
_EXACT = Context(prec=2 * _LONGEST_TEXT)  # no digit of an accepted text is rounded away
_FLOAT_NOISE_DECIMALS = 9  # a sheet's 0.1 + 0.2 is 0.3 to its reader


def parse_quantity(value: Any, *, decimals: int, minimum: int = 0, maximum: int = 10**12) -> int:
    """A number as a whole count of its smallest unit: ``"1,234.5"`` with one decimal → 12345.

    Accepts int, finite float, Decimal and text with thousands commas and full-width digits; ``minimum`` and
    ``maximum`` count smallest units. Raises ``InvalidInput`` with code ``not_a_number``, ``too_many_decimals``,
    ``below_minimum`` or ``above_maximum``. NaN, infinity, exponents in text and booleans are not numbers here.
    """
    number = _to_decimal(value)
    lowest, highest = Decimal(minimum).scaleb(-decimals), Decimal(maximum).scaleb(-decimals)
    if number < lowest:
        raise InvalidInput(
            _("“%(value)s” is below the lowest allowed value %(bound)s.")
            % {"value": _shown(value), "bound": f"{lowest:f}"},
            code="below_minimum",
        )
    if number > highest:
        raise InvalidInput(
            _("“%(value)s” is above the highest allowed value %(bound)s.")
            % {"value": _shown(value), "bound": f"{highest:f}"},
            code="above_maximum",
        )
    scaled = number.scaleb(decimals, context=_EXACT)
    if scaled != scaled.to_integral_value():
        raise InvalidInput(
            _("“%(value)s” has more than %(decimals)d decimals; round it first.")
            % {"value": _shown(value), "decimals": decimals},
            code="too_many_decimals",
        )
    return int(scaled)


def _to_decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise _not_a_number(value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise _not_a_number(value)
        return Decimal(repr(round(value, _FLOAT_NOISE_DECIMALS)))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise _not_a_number(value)
        return value
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        text = unicodedata.normalize("NFKC", value).replace("−", "-").strip()
        if _PLAIN.match(text):
            return Decimal(text.replace(",", ""))
    raise _not_a_number(value)


def _not_a_number(value: Any) -> InvalidInput:
    return InvalidInput(
        _("“%(value)s” is not a number; write it like 1,234.5.") % {"value": _shown(value)},
        code="not_a_number",
    )


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"

"""``{% load passport %}``: marks a figure of a plan, which then opens its passport.

``{% figure "40,223" measure="revenue" version=12 start=24325 end=24336 product="E7" org="NORTH" %}``: the text as it is
written, absolute months with both ends included. The same address in attributes serves scripts: ``data-passport``.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.formats import UNDEFINED
from core.months import format_month

register = template.Library()


@register.simple_tag
def figure(
    text: Any,
    *,
    measure: str,
    version: int | None,
    start: int | None = None,
    end: int | None = None,
    product: str | None = None,
    org: str | None = None,
) -> SafeString | str:
    """The figure as a button with a dotted line; plain text for what is no figure of a plan."""
    if text == UNDEFINED or version is None or not measure:
        return str(text)
    return format_html(
        '<button type="button" class="fig" aria-haspopup="dialog" title="{}" data-passport="{}" data-measure="{}" '
        'data-product="{}" data-org="{}" data-from="{}" data-to="{}">{}</button>',
        _("Where this number comes from"),
        version,
        measure,
        product or "",
        org or "",
        "" if start is None else format_month(start),
        "" if end is None else format_month(end),
        text,
    )

"""``{% load formulas %}``: headings whose help text is the formula of their figures."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.formulas import get_formula

register = template.Library()


@register.simple_tag
def explained(label: Any, key: str) -> SafeString:
    """``{% explained _("Value loss") "value_loss" %}``: the label with a dotted line; hovering or focus tells how.

    An unknown key is a mistake in the template and raises ``KeyError``.
    """
    return format_html('<span class="fig" title="{}" tabindex="0">{}</span>', get_formula(key), label)

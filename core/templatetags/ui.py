"""``{% load ui %}``: icons, status words, small drawings and the import map."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from django import template
from django.conf import STATICFILES_STORAGE_ALIAS
from django.core.files.storage import storages
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from lucide.templatetags.lucide import lucide

from core.staticfiles import HashedStaticFiles

register = template.Library()

# kind → (icon, colour class): shapes differ, so the colour is never alone
_STATUS = {
    "ok": ("circle-check", "good"),
    "warn": ("triangle-alert", "warn"),
    "bad": ("circle-alert", "bad"),
    "idle": ("circle-dashed", "dim"),
    "clock": ("clock", "mut"),
    "late": ("clock", "bad"),
}
# What scripts draw by themselves, as symbols of the page's hidden sprite.
_SPRITE = (
    "arrow-right",
    "check",
    "chevron-down",
    "chevron-right",
    "circle-alert",
    "circle-check",
    "circle-question-mark",
    "clock",
    "lock",
    "message-square",
    "ellipsis",
    "flag",
    "history",
    "link",
    "moon",
    "redo-2",
    "refresh-cw",
    "search",
    "shield-check",
    "sun",
    "table",
    "triangle-alert",
    "undo-2",
    "users",
    "x",
)


@register.filter
def css_text(text: str) -> str:
    """Text inside a quoted CSS string: backslashes, quotes and line breaks are escaped as CSS writes them."""
    return re.sub(r"""[\\'"\n\r\f]""", lambda found: f"\\{ord(found[0]):x} ", str(text))


@register.simple_tag
def icon(name: str, small: bool = False, label: str = "") -> SafeString:
    """A line icon. Without ``label`` it is decoration and hidden from screen readers."""
    naming = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    return mark_safe(lucide(name, size=None, **{"class": "ic s" if small else "ic", **naming}))


@register.simple_tag
def masked() -> SafeString:
    """Stands for a figure the reader's role may not see: never 0, never empty."""
    text = gettext("hidden for your role")
    return format_html('<span class="masked" title="{}">•••{}</span>', text, icon("lock", small=True, label=text))


@register.simple_tag
def status(kind: str, text: Any = "") -> SafeString:
    """Icon and word of a state: ``{% status "warn" "Draft, 3 flags" %}``. Kinds: ok warn bad idle clock late."""
    name, colour = _STATUS[kind]
    return format_html('<span class="st {}">{}{}</span>', colour, icon(name, small=True), text)


def _symbol(name: str) -> str:
    drawing = lucide(name, size=None)
    inner = drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")]
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{inner}</symbol>'


@register.simple_tag
def sprite() -> SafeString:
    """The symbols scripts refer to with ``<use href="#i-name">``."""
    symbols = (_symbol(name) for name in _SPRITE)
    return mark_safe(f'<svg hidden aria-hidden="true">{"".join(symbols)}</svg>')


@register.simple_tag
def sparkline(values: Sequence[float], width: int = 64, height: int = 18) -> SafeString:
    """Points in time order, the last one dotted; no axis, no colour. Nothing for fewer than two points."""
    if len(values) < 2:
        return mark_safe("")
    low, high = min(values), max(values)
    spread = (high - low) or 1
    step = (width - 6) / (len(values) - 1)
    at = [(2 + i * step, height - 3 - (v - low) / spread * (height - 6)) for i, v in enumerate(values)]
    return format_html(
        '<svg class="spark" width="{w}" height="{h}" viewBox="0 0 {w} {h}" aria-hidden="true">'
        '<polyline points="{points}"/><circle cx="{x}" cy="{y}" r="2.1"/></svg>',
        w=width,
        h=height,
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in at),
        x=f"{at[-1][0]:.1f}",
        y=f"{at[-1][1]:.1f}",
    )


@register.simple_tag
def deviation_bar(value: float | None, full: float = 100, better: str = "up") -> SafeString:
    """A bar left or right of a centre line; half its width is ``full``. ``better`` says which side is good."""
    if value is None:
        return mark_safe("")
    width = min(abs(value) / full * 50, 50) if full else 0
    good = (value >= 0) == (better == "up")
    return format_html(
        '<span class="vb" aria-hidden="true"><i class="{} {}" style="width:{}%"></i></span>',
        "g" if good else "r",
        "right" if value >= 0 else "left",
        f"{width:.1f}",
    )


@register.simple_tag
def bar(value: float, full: float) -> str:
    """The width of a bar in per cent, as CSS."""
    return f"width:{min(max(value / full * 100, 0), 100) if full else 0:.1f}%"


@register.simple_tag(takes_context=True)
def import_map(context: template.Context) -> SafeString:
    """Sends the relative imports of scripts to their hashed files; nothing while names are plain."""
    storage = storages[STATICFILES_STORAGE_ALIAS]
    if not isinstance(storage, HashedStaticFiles):
        return mark_safe("")
    url = storage.base_url
    imports = {f"{url}{plain}": f"{url}{hashed}" for plain, hashed in storage.module_names().items()}
    if not imports:
        return mark_safe("")
    return format_html(
        '<script type="importmap" nonce="{}">{}</script>',
        context.get("CSP_NONCE", ""),
        mark_safe(json.dumps({"imports": imports})),
    )

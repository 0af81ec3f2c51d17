"""Master data rows ↔ JSON, through the same column declarations as the sheets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.months import format_month
from masterdata.importers.columns import MONTH, Column, Scales, as_text
from masterdata.importers.findings import FindingLog
from masterdata.importers.parsing import parse_cells
from masterdata.importers.spec import ATTRIBUTE_PREFIX, SheetData, SheetSpec
from masterdata.importers.stores import ModelStore
from masterdata.models import Revised

KEY_SEPARATOR = "~"  # between the parts of a key in an address


def _links(spec: SheetSpec) -> dict[str, Mapping[str, str]]:
    assert isinstance(spec.store, ModelStore)
    return spec.store.links(spec)


def _code(row: Revised, links: Mapping[str, str]) -> str | None:
    """The code a reference column shows: of its foreign keys at most one is set."""
    targets = (getattr(row, fk) for fk in links.values())
    return next((target.code for target in targets if target is not None), None)


def row_to_json(row: Revised, spec: SheetSpec, *, show_costs: bool) -> dict[str, Any]:
    """A stored row as the sheet's columns: codes for references, exact decimals as text, months as YYYY-MM.

    Columns that only those who see costs may see are left out for the others.
    """
    links = _links(spec)
    result: dict[str, Any] = {}
    for column in spec.columns:
        if column.sensitive and not show_costs:
            continue
        if column.name in links:
            result[column.name] = _code(row, links[column.name])
        else:
            result[column.name] = _json_value(getattr(row, column.name), column)
    if spec.attributes:
        attributes = row.attributes.items()  # type: ignore[attr-defined]
        result |= {f"{ATTRIBUTE_PREFIX}{name}": value for name, value in sorted(attributes)}
    return result | {"key": key_of(row, spec), "revision": row.revision}


def _json_value(value: Any, column: Column) -> Any:
    if value is None:
        return None
    if column.kind == MONTH:
        return format_month(value)
    if isinstance(value, Decimal):
        return as_text(value, column)
    return value.isoformat() if isinstance(value, dt.date) else value


def key_of(row: Revised, spec: SheetSpec) -> str:
    """The row's address: its key columns as text."""
    links = _links(spec)
    parts = []
    for name in spec.key:
        if name in links:
            parts.append(_code(row, links[name]) or "")
        else:
            parts.append(as_text(getattr(row, name), spec.column(name)))
    return KEY_SEPARATOR.join(parts)


def key_to_sheet(spec: SheetSpec, key: str) -> SheetData:
    """A row's address as a sheet of one row with its key columns. Raises ``InvalidInput``."""
    sheet = parse_cells(spec, _key_texts(spec, key), FindingLog(), Scales())
    raise_findings(sheet.log)
    return sheet


def _key_texts(spec: SheetSpec, key: str) -> dict[str, str]:
    parts = [key] if len(spec.key) == 1 else key.split(KEY_SEPARATOR)
    if len(parts) != len(spec.key):
        raise InvalidInput(
            _("The address of this row is %(key)s, joined by “~”.") % {"key": ", ".join(spec.key)}, code="invalid_key"
        )
    return dict(zip(spec.key, parts, strict=True))


def body_to_sheet(spec: SheetSpec, key: str, body: Mapping[str, Any]) -> SheetData:
    """A JSON object as a sheet of one row. Raises ``InvalidInput`` with one error per field.

    The key comes from the address; repeated in the body it must be the same.
    """
    key_texts = _key_texts(spec, key)
    texts = dict(key_texts)
    errors: list[dict[str, str]] = []
    for name, value in body.items():
        if name in ("key", "revision"):
            continue
        if spec.column(name) is None:
            errors.append(_error(name, "unknown_field", _("There is no such field.")))
        elif isinstance(value, list | dict):
            errors.append(_error(name, "not_a_value", _("Send a text, a number, true, false or null.")))
        elif name in key_texts and as_text(value, None).strip() != key_texts[name]:
            errors.append(_error(name, "key_differs", _("The key in the body differs from the address.")))
        elif name not in key_texts:
            texts[name] = as_text(value, None)
    sheet = parse_cells(spec, texts, FindingLog(), Scales())
    raise_findings(sheet.log, errors)
    return sheet


def missing_fields(sheet: SheetData) -> list[dict[str, str]]:
    """Required columns that a new row lacks, as errors."""
    return [
        _error(column.name, "required", _("This field is required for a new row."))
        for column in sheet.spec.columns
        if column.required and column.name not in sheet.columns
    ]


def raise_findings(log: FindingLog, errors: Collection[dict[str, str]] = ()) -> None:
    """Raise ``InvalidInput`` when there are errors; ``details["errors"]`` names field, code and sentence."""
    found = [*errors, *(_error(f.column, f.code, f.message) for f in log.sorted() if f.severity == "error")]
    if found:
        raise InvalidInput(_("Some fields cannot be accepted; see errors."), details={"errors": found})


def _error(name: str, code: str, detail: str) -> dict[str, str]:
    return {"pointer": f"#/{name}", "code": code, "detail": detail}

"""Parts of a plan as files for people outside: a chain, the shipping plan. One row a line of figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from plans.choices import Unit
from plans.exports import write_csv, write_workbook
from plans.selectors.slices import month_names, to_units
from supply.selectors.chains import HOURS, Chain

FORMATS = ("csv", "xlsx")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def list_chain_lines(chains: Iterable[Chain]) -> list[dict[str, Any]]:
    """Every section of chains, section after section, as ``plans.exports`` takes lines."""
    found = [
        {
            "measure": code,
            "chain": chain.code,
            "item": row.code,
            "name": row.label,
            "note": row.note,
            "unit": str(Unit.HOURS if code in HOURS else Unit.QUANTITY),
            "values": [to_units(value, section.scale) for value in row.values],
        }
        for chain in chains
        for code, section in chain.sections.items()
        for row in section.rows
    ]
    order = {code: place for place, code in enumerate(dict.fromkeys(line["measure"] for line in found))}
    return sorted(found, key=lambda line: order[line["measure"]])


def answer_file(lines: Sequence[dict[str, Any]], months: range, *, name: str, form: str) -> HttpResponse:
    """Lines as a download. Raises ``InvalidInput`` for a format that is not one of ``FORMATS``."""
    if form not in FORMATS:
        raise InvalidInput(
            _("The format is one of %(known)s.") % {"known": ", ".join(FORMATS)}, details={"field": "format"}
        )
    heads = month_names(months)
    if form == "csv":
        response = HttpResponse("".join(write_csv(lines, heads)), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(write_workbook(lines, heads), content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response

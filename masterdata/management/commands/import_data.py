"""``manage.py import_data PATH [--check] [--json]``: a company's sheets without a browser."""

from __future__ import annotations

import json
import unicodedata
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from masterdata.importers.findings import Finding
from masterdata.importers.sandbox import ENCODINGS
from masterdata.services import ImportReport, import_folder

_LINES = 200
_WIDEST = 48


class Command(BaseCommand):
    help = "Import a folder of CSV files or one XLSX workbook. Exit 1 when there are errors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--check", action="store_true", help="find errors and changes, write nothing")
        parser.add_argument("--valid-rows-only", action="store_true", help="write the rows without errors")
        parser.add_argument("--encoding", choices=ENCODINGS, help="for CSV files that are not Unicode or GB18030")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, **options: Any) -> None:
        if not options["path"].exists():
            raise CommandError(f"{options['path']} does not exist.")
        report = import_folder(
            path=options["path"],
            actor=None,
            check=options["check"],
            valid_rows_only=options["valid_rows_only"],
            encoding=options["encoding"],
        )
        if options["json"]:
            self.stdout.write(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
        else:
            self._print(report, is_check=options["check"])
        if report.has_errors:
            raise SystemExit(1)

    def _print(self, report: ImportReport, *, is_check: bool) -> None:
        heads = ("sheet", "rows", "rejected", "new", "changed", "unchanged", "removed")
        self._table(
            heads, [tuple(str(getattr(s, h if h != "sheet" else "name")) for h in heads) for s in report.sheets]
        )
        findings = report.findings
        if findings:
            self.stdout.write("")
            self._table(
                ("severity", "sheet", "row", "column", "code", "value", "message"),
                [_cells(finding) for finding in findings[:_LINES]],
            )
        if report.error_count + report.warning_count > _LINES:
            self.stdout.write(f"… {report.error_count + report.warning_count - _LINES} more; --json lists them.")
        if is_check:
            outcome = "checked, nothing written"
        elif not report.is_committed:
            outcome = "nothing written"
        else:
            outcome = f"written as revision {report.revision}" if report.revision else "nothing to change"
        self.stdout.write(
            f"\n{report.error_count} errors, {report.warning_count} warnings; {outcome} ({report.seconds:.1f} s)"
        )

    def _table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = [heads, *rows]
        widths = [min(_WIDEST, max(_width(row[i]) for row in table)) for i in range(len(heads))]
        for row in table:
            cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def _cells(finding: Finding) -> tuple[str, ...]:
    message = finding.message
    if finding.suggestion:
        message += f" → {finding.suggestion}"
    row = str(finding.row) if finding.row else ""
    return (finding.severity, finding.sheet, row, finding.column, finding.code, finding.value, message)


def _width(text: str) -> int:
    """Columns a text takes on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

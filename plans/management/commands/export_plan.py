"""``manage.py export_plan [SNAPSHOT] --format csv|xlsx|parquet PATH``: a frozen plan as one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import AppError
from plans.choices import FreezeKind
from plans.exports import write_csv, write_parquet, write_workbook
from plans.models import Snapshot
from plans.selectors import get_latest_snapshot, get_snapshot
from plans.selectors.slices import list_snapshot_lines, month_names, plan_months

FORMATS = ("csv", "xlsx", "parquet")


class Command(BaseCommand):
    help = (
        "Write every measure of a frozen plan, at its finest keys, into one file. Without a snapshot: the latest "
        "approved plan. A draft is never exported."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """SNAPSHOT and PATH may stand on both sides of ``--format``, as in the usage line."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("words", nargs="+", metavar="[SNAPSHOT] PATH", help="snapshot code, file to write")
        parser.add_argument("--format", choices=FORMATS, help="default: by the ending of PATH")

    def handle(self, *args: Any, words: list[str], **options: Any) -> None:
        if len(words) > 2:
            raise CommandError(f"{' '.join(words[2:])}: too many words; write export_plan [SNAPSHOT] PATH")
        path = Path(words[-1])
        wanted = options["format"] or path.suffix.removeprefix(".")
        if wanted not in FORMATS:
            raise CommandError(f"{path}: say which format with --format {'|'.join(FORMATS)}")
        snapshot = _find(words[0] if len(words) == 2 else None)
        lines = list_snapshot_lines(snapshot)
        months = month_names(plan_months(snapshot))
        try:
            if wanted == "csv":
                with path.open("w", encoding="utf-8", newline="") as stream:
                    stream.writelines(write_csv(lines, months))
            else:
                path.write_bytes((write_workbook if wanted == "xlsx" else write_parquet)(lines, months))
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        self.stdout.write(f"{path}: {snapshot.get_kind_display()} {snapshot.code}, {len(months)} months")


def _find(code: str | None) -> Snapshot:
    try:
        return get_snapshot(code) if code else get_latest_snapshot(FreezeKind.APPROVED)
    except AppError as error:
        raise CommandError(f"{error.message} Snapshots kept: {_codes() or 'none'}") from error


def _codes() -> str:
    newest = Snapshot.objects.order_by("-at").values_list("kind", "code")[:8]
    return ", ".join(f"{code[:12]} ({kind})" for kind, code in newest)

"""``manage.py export_aps [RELEASE] PATH``: a release for a scheduling system, as a folder or a ZIP of CSV files."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import AppError
from supply.aps import list_tables, zip_tables
from supply.selectors.releases import get_release


class Command(BaseCommand):
    help = (
        "Write production orders, resources, hours, routings, people and material of a release as CSV files. "
        "Without a number: the latest release. PATH ending in .zip makes one archive, any other a folder."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("words", nargs="+", metavar="[RELEASE] PATH", help="release number, where to write")

    def handle(self, *args: Any, words: list[str], **options: Any) -> None:
        if len(words) > 2:
            raise CommandError(f"{' '.join(words[2:])}: too many words; write export_aps [RELEASE] PATH")
        if len(words) == 2 and not words[0].isdecimal():
            raise CommandError(f"{words[0]}: not the number of a release")
        path = Path(words[-1])
        try:
            release = get_release(int(words[0]) if len(words) == 2 else None)
            tables = list_tables(release)
        except AppError as error:
            raise CommandError(str(error.message)) from error
        try:
            if path.suffix == ".zip":
                path.write_bytes(zip_tables(tables))
            else:
                path.mkdir(parents=True, exist_ok=True)
                for table in tables:
                    (path / f"{table.name}.csv").write_text(table.as_csv(), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        orders = next(table for table in tables if table.name == "production_orders")
        self.stdout.write(f"{path}: release {release.number}, {len(orders.rows)} production orders")

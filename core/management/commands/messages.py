"""``manage.py messages [room …] [--check | --compile]``: update and compile the translation catalogues."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.messages import (
    Room,
    check_catalogue,
    compile_catalogue,
    find_disagreements,
    update_catalogue,
)


class Command(BaseCommand):
    help = "Update every room's Chinese catalogue from the sources and compile it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rooms", nargs="*", help="rooms to treat; default all")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--check", action="store_true", help="change nothing; fail on missing translations")
        mode.add_argument("--compile", action="store_true", help="compile only, for a fresh checkout")

    def handle(self, *args: Any, **options: Any) -> None:
        rooms = [room for room in _rooms() if not options["rooms"] or room.name in options["rooms"]]
        if options["check"]:
            self._check(rooms)
        else:
            self._write(rooms, update=not options["compile"])

    def _write(self, rooms: list[Room], *, update: bool) -> None:
        for room in rooms:
            if update:
                for domain, words in room.extract().items():
                    update_catalogue(room.catalogue(domain), words)
            for path in _catalogues(room):
                compile_catalogue(path)
        self.stdout.write(f"{len(rooms)} rooms compiled")

    def _check(self, rooms: list[Room]) -> None:
        findings = [
            finding
            for room in rooms
            for domain, words in room.extract().items()
            for finding in check_catalogue(room.catalogue(domain), words)
        ]
        for finding in findings:
            where = finding.catalogue.relative_to(settings.BASE_DIR)
            self.stdout.write(f"{where}: {finding.problem}: {finding.message!r}")
        disagreements: dict = {}
        for domain in ("django", "djangojs"):
            paths = (room.catalogue(domain) for room in rooms)
            disagreements |= find_disagreements(path for path in paths if path.exists())
        for word, readings in disagreements.items():
            self.stdout.write(f"translated in different ways: {word!r}: {', '.join(readings)}")
        if findings or disagreements:
            raise CommandError(
                f"{len(findings)} words lack a translation, {len(disagreements)} have two. "
                "Run `manage.py messages`, fill in the empty msgstr lines, run it again."
            )
        self.stdout.write("every word is translated")


def _rooms() -> list[Room]:
    base = Path(settings.BASE_DIR)
    return [Room(app.label, base) for app in apps.get_app_configs() if Path(app.path).parent == base]


def _catalogues(room: Room) -> Iterator[Path]:
    for domain in ("django", "djangojs"):
        if (path := room.catalogue(domain)).exists():
            yield path

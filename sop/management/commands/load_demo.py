"""Create the demo company in an empty database."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone, translation

from cycles.models import Cycle
from masterdata.models import Product
from sop.demo.story import load_demo


class Command(BaseCommand):
    help = "Create the demo company with its users, two closed cycles and one in the demand review."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--today", type=dt.date.fromisoformat, help="as if today were this date, YYYY-MM-DD")
        parser.add_argument(
            "--language", choices=dict(settings.LANGUAGES), default="en", help="what its people write in"
        )
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is a company already")

    def handle(self, *args: Any, **options: Any) -> None:
        if Product.objects.exists() or Cycle.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("the database holds a company already; the demo needs an empty one")
        with translation.override(options["language"]):
            cycle = load_demo(today=options["today"] or timezone.localdate(), announce=self.stdout.write)
        self.stdout.write(self.style.SUCCESS(f"Demo company ready, current cycle {cycle}."))

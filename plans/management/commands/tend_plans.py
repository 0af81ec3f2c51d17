"""``manage.py tend_plans``: fold long tails and delete unnamed blocks now, instead of waiting for beat."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from plans.services import collect_blocks, compact_long_tails
from plans.services.collection import KEPT_DAYS
from plans.services.compaction import TAIL_LIMIT


class Command(BaseCommand):
    help = "Fold long tails of edits into blocks and delete blocks that nothing names any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tail", type=int, default=TAIL_LIMIT, help="fold tails longer than this many edits")
        parser.add_argument("--days", type=float, default=KEPT_DAYS, help="keep unnamed blocks this long")

    def handle(self, *args: Any, tail: int, days: float, **options: Any) -> None:
        self.stdout.write(f"{compact_long_tails(limit=tail)} heads folded")
        self.stdout.write(f"{collect_blocks(older_than_days=days)} blocks deleted")

"""``manage.py stress_plan_store``: concurrent edits with kills, in a scratch database of the configured engine."""

import tempfile
from argparse import ArgumentParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from core.months import parse_month
from cycles.models import Cycle
from plans.services import create_working_version
from plans.stress import make_arena, run_stress

_MONTH = parse_month("2026-01")
_MONTHS = 12


class Command(BaseCommand):
    help = (
        "Let several processes edit the same plan at random, kill them again and again while the plan is folded and "
        "published, and account for every edit. Works in an empty scratch database, never in the real one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--edits", type=int, default=100_000, help="cells to be acknowledged")
        parser.add_argument("--processes", type=int, default=4, help="editors at a time")
        parser.add_argument("--kill-every", type=float, default=1.0, help="seconds between kills, on average")
        parser.add_argument("--cells", type=int, default=2_000, help="cells the edits fall on")

    def handle(self, *args: Any, edits: int, processes: int, kill_every: float, cells: int, **options: Any) -> None:
        with _scratch_database(), tempfile.TemporaryDirectory() as logs:
            version = create_working_version(cycle=Cycle.objects.create(month=_MONTH, horizon=_MONTHS), actor=None)
            places = [(1 + n // _MONTHS // 10, 1 + n // _MONTHS % 10, _MONTH + n % _MONTHS) for n in range(cells + 1)]
            arena = make_arena(version_id=version.pk, cells=places, logs=Path(logs))
            account = run_stress(
                arena, edits=edits, processes=processes, kill_every=kill_every, report=self.stdout.write
            )
        rate = account.edits / account.seconds
        self.stdout.write(
            f"{connection.vendor}: {account.edits} edits acknowledged in {account.seconds:.0f} s ({rate:.0f}/s)"
        )
        self.stdout.write(
            f"{account.kills} kills, {account.folds} folds, {account.publications} publications, "
            f"{account.conflicts} conflicts retried, {account.replayed} committed without an answer"
        )
        self.stdout.write(f"lost {account.lost}, doubled {account.doubled}")
        for fault in account.faults[:20]:
            self.stderr.write(fault)
        if not account.is_clean:
            raise CommandError("the account does not close")


@contextmanager
def _scratch_database():
    original = str(connection.settings_dict["NAME"])
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(original, verbosity=0)

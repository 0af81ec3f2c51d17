"""``manage.py verify_snapshots [CODE …]``: hash frozen figures again from their stored bytes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from plans.models import Snapshot
from plans.selectors import verify_snapshot


class Command(BaseCommand):
    help = "Re-compute the hashes of snapshots; exit 1 when one is not as it was frozen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("codes", nargs="*", help="snapshot codes, whole or the first 12 digits; default all")

    def handle(self, *args: Any, codes: list[str], **options: Any) -> None:
        wanted = codes or list(Snapshot.objects.order_by("at").values_list("code", flat=True))
        bad = 0
        for code in wanted:
            findings = verify_snapshot(code=code)
            bad += bool(findings)
            for finding in findings:
                self.stderr.write(f"{code[:12]}: {finding.part} {finding.problem}")
        if bad:
            raise CommandError(f"{bad} of {len(wanted)} snapshots do not hold")
        self.stdout.write(f"{len(wanted)} snapshots intact")

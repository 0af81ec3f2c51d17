"""``manage.py verify_snapshots [CODE …]``: hash frozen figures again from their stored bytes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from plans.models import Snapshot
from plans.selectors import verify_snapshot


class Command(BaseCommand):
    help = "Hash snapshots again from their stored numbers; name what is not as it was frozen and exit 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("codes", nargs="*", help="snapshot codes, whole or the first 12 digits; default all")

    def handle(self, *args: Any, codes: list[str], **options: Any) -> None:
        kinds = dict(Snapshot.objects.order_by("at").values_list("code", "kind"))
        wanted = codes or list(kinds)
        bad = 0
        for code in wanted:
            findings = verify_snapshot(code=code)
            bad += bool(findings)
            kind = next((kind for whole, kind in kinds.items() if whole.startswith(code)), "")
            self.stdout.write(f"{kind} {code} {'damaged' if findings else 'ok'}")
            for finding in findings:
                self.stderr.write(f"{code[:12]}: {finding.part} {finding.problem}")
        if bad:
            raise CommandError(f"{bad} of {len(wanted)} snapshots are not as they were frozen")
        self.stdout.write(f"{len(wanted)} snapshots intact")

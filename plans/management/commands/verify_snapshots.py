"""``manage.py verify_snapshots``: hash every snapshot again from its numbers, after a restore or at any time."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from plans.models import Snapshot
from plans.selectors import verify_snapshot


class Command(BaseCommand):
    help = "Hash every snapshot again from its stored numbers and name what is not as it was frozen."

    def handle(self, *args: Any, **options: Any) -> None:
        bad = 0
        for code, kind in Snapshot.objects.order_by("at").values_list("code", "kind"):
            findings = verify_snapshot(code=code)
            bad += bool(findings)
            self.stdout.write(f"{kind} {code} {'ok' if not findings else 'damaged'}")
            for finding in findings:
                self.stderr.write(f"  {finding.part}: {finding.problem}")
        if bad:
            raise CommandError(f"{bad} snapshots are not as they were frozen")

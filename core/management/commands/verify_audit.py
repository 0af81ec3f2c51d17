"""``manage.py verify_audit``: re-compute every audit chain and name the first bad row."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import audit
from core.models import AuditEntry


class Command(BaseCommand):
    help = "Re-compute the audit trail's hash chains; exit 1 and name the first bad row when one does not hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--chain", help="only this chain, e.g. cycle:3 or system")

    def handle(self, *args: Any, chain: str | None = None, **options: Any) -> None:
        chains = [chain] if chain else sorted({*audit.list_chains(), *_chains_with_entries()})
        bad = []
        for name in chains:
            if problem := audit.verify_chain(name):
                row = f"row id {problem.entry_id}" if problem.entry_id else "no row"
                self.stderr.write(f"{name}: BAD at entry {problem.seq} ({row}): {problem.problem}")
                bad.append(name)
            else:
                count = AuditEntry.objects.filter(chain=name).count()
                self.stdout.write(f"{name}: {count} entries, intact")
        if bad:
            raise CommandError(f"{len(bad)} of {len(chains)} chains do not hold: {', '.join(bad)}")


def _chains_with_entries() -> set[str]:
    return set(AuditEntry.objects.values_list("chain", flat=True).distinct())

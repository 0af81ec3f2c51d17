"""Play a whole month headless: import, forecast, consensus, balance, money, sign-offs, approval, release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.utils import translation

from core.errors import AppError
from core.months import parse_month
from cycles.models import Cycle
from masterdata.models import Product
from masterdata.services import import_folder
from sop.demo.people import ensure_people
from sop.monthly import MonthlyRun
from sop.report import build_report


class Command(BaseCommand):
    help = (
        "Play a whole month of a company folder without a browser. Uses the current database when it holds no "
        "company yet, else a new one that is thrown away; --current and --new choose."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="company folder or workbook")
        parser.add_argument("--month", required=True, help="first planned month, YYYY-MM")
        parser.add_argument("--horizon", type=int, default=18, help="months to plan, 12 to 24")
        parser.add_argument("--consensus", choices=["auto"], default="auto", help="consensus by the declared rule")
        parser.add_argument("--json", type=Path, dest="out", help="write the result here")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--current", action="store_true", help="use the current database whatever it holds")
        where.add_argument("--new", action="store_true", help="use a new database")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["path"].exists():
            raise CommandError(f"{options['path']}: no such folder or workbook")
        try:
            month = parse_month(options["month"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        call_command("migrate", verbosity=0)
        is_used = Product.objects.exists() or Cycle.objects.exists()
        if options["new"] or (is_used and not options["current"]):
            self._run_in_new_database(options)
            return
        with translation.override("en"):
            try:
                self._play(options, month)
            except AppError as error:
                reasons = "".join(f"\n  - {reason}" for reason in error.details.get("reasons", []))
                raise CommandError(f"{error.message}{reasons}") from None

    def _play(self, options: dict[str, Any], month: int) -> None:
        began = time.perf_counter()
        self.stdout.write("Import")
        report = import_folder(path=options["path"], actor=None)
        if errors := [finding for finding in report.findings if finding.severity == "error"]:
            for finding in errors[:20]:
                self.stderr.write(f"  {finding.sheet} {finding.row} {finding.column}: {finding.message}")
            raise CommandError(f"{len(errors)} errors in {options['path']}; nothing was imported")
        people = ensure_people()
        run = MonthlyRun(month=month, people=people, horizon=options["horizon"], announce=self.stdout.write)
        run.seconds["import"] = round(time.perf_counter() - began, 3)
        run.play()
        if run.cycle is None:
            raise CommandError("the cycle did not start")
        result = build_report(run.cycle, seconds=run.seconds)
        if options["out"]:
            options["out"].write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
        self._summarise(result)

    def _summarise(self, result: dict[str, Any]) -> None:
        measures = ("consensus", "constrained", "short", "production")
        self.stdout.write(f"\n{'family':<24}" + "".join(f"{name:>14}" for name in measures))
        families = sorted({family for name in measures for family in result[name]})
        for family in families:
            totals = (sum(result[name].get(family, {}).values()) for name in measures)
            self.stdout.write(f"{family:<24}" + "".join(f"{total:>14,.0f}" for total in totals))
        finance = result["finance"]
        self.stdout.write(
            f"\nrevenue {finance['revenue']:,.0f} {result['currency']}, profit {finance['profit']:,.0f}"
            f"\n{len(result['shortages'])} shortages, {len(result['options'])} options"
            f"\nsnapshot {result['snapshot']}, release {result['release']}, {result['seconds']['total']:.1f} s"
        )

    def _run_in_new_database(self, options: dict[str, Any]) -> None:
        """The same command in a process of its own, on an empty database that goes afterwards."""
        arguments = [str(options["path"]), "--month", options["month"], "--horizon", str(options["horizon"])]
        if options["out"]:
            arguments += ["--json", str(options["out"].absolute())]
        self.stdout.write("The current database holds a company already: playing in a new one.")
        with tempfile.TemporaryDirectory(prefix="sop-run-cycle-") as folder:
            environment = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/sop.sqlite3"}
            command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_cycle", *arguments, "--current"]
            self.stdout.flush()
            done = subprocess.run(command, env=environment, check=False)
        if done.returncode:
            raise CommandError("the month was not played; see above", returncode=done.returncode)

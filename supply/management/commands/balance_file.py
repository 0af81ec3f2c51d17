"""``manage.py balance_file FOLDER --out RESULT.json``: the optimiser alone on a company folder."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engine.balancing.block_trials import explain_blocks, leading_blocks, margin_lost, with_causes
from engine.balancing.checks import UnsoundProblem, check_plan, check_problem, figures_apart
from engine.balancing.contracts import Finding, SolveOptions
from engine.balancing.explain import Confirmation, confirm_causes
from engine.balancing.first import NEAR, solve_session
from engine.balancing.options import Option, price_levers_in_plan, price_options
from engine.balancing.solve import Session, SolveFailed
from engine.balancing.trials import Trials
from supply.adapters.assemble import assemble
from supply.adapters.folder import FolderUnreadable, read_folder
from supply.adapters.result import finding_records, result_record
from supply.adapters.sheets import Sheets
from supply.wording import Names


class Command(BaseCommand):
    help = "Balance demand and supply of a company folder with a demand sheet; no database is needed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("--out", type=Path, required=True, metavar="RESULT.json")
        parser.add_argument("--integer-headcount", action="store_true", help="people are hired whole")
        parser.add_argument("--integer-shifts", action="store_true", help="extra shifts are whole")
        parser.add_argument("--set-ups", action="store_true", help="set-up costs and minimum lots count")
        parser.add_argument(
            "--integer-months",
            type=int,
            default=0,
            metavar="N",
            help="whole numbers in the first N months, relaxed after; default: in all",
        )
        parser.add_argument("--solver", choices=("auto", "highs", "clp"), default="auto", help="which one begins")
        parser.add_argument("--lp", type=Path, metavar="MODEL.lp", help="write the readable model there, too")

    def handle(self, *, folder: Path, out: Path, **options: Any) -> None:
        if not folder.exists():
            raise CommandError(f"{folder} does not exist.")
        try:
            sheets, remarks = read_folder(folder)
        except FolderUnreadable as error:
            _write(out, {"status": "unreadable", "findings": error.findings})
            raise CommandError(f"{folder} cannot be balanced: {error}") from error
        chosen = SolveOptions(
            integer_headcount=options["integer_headcount"],
            integer_shifts=options["integer_shifts"],
            set_ups=options["set_ups"],
            integer_months=max(0, options["integer_months"]),
            solver=options["solver"],
            second_opinion=True,
        )
        try:
            record = balance(sheets, chosen)
        except (UnsoundProblem, SolveFailed) as error:
            found = [Finding("not_solvable", "error", "plan", ""), *figures_apart(assemble(sheets).problem)]
            _write(out, {"status": "unsolved", "findings": [*remarks, *finding_records(found, names_of(sheets))]})
            raise CommandError(f"{folder} cannot be balanced: {error}") from error
        if options["lp"]:
            from engine.balancing.export import write_lp  # brings PuLP, which only an analyst needs

            write_lp(assemble(sheets).problem, options["lp"], chosen)
        record["findings"] = remarks + record["findings"]
        _write(out, record)
        self.stdout.write(_summary(record))


def balance(sheets: Sheets, options: SolveOptions) -> dict[str, Any]:
    """Assemble, check, solve, explain, price."""
    assembled = assemble(sheets)
    problem = assembled.problem
    findings = assembled.findings + check_problem(problem)
    session = Session(problem, options)
    balanced = solve_session(session)
    plan, gap, shortages = balanced.plan, balanced.gap, balanced.shortages
    confirmations: list[Confirmation] = []
    ways_out: list[Option] = []
    findings += check_plan(problem, plan)
    if plan.status == NEAR and balanced.division is not None:  # too large for trials of the whole
        findings += (Finding("plan_near", "info", "plan", "", {"share": f"{100 * gap:.2f} %"}),)
        blocks, asked = balanced.division.blocks, float(problem.demand.quantity.sum())
        leading = [blocks[number] for number in leading_blocks(blocks, margin_lost(shortages))]
        found = explain_blocks(leading, balanced.division.options, asked)
        shortages = with_causes(shortages, found.shortages)
        confirmations, ways_out = found.confirmations, found.options
    else:
        trials = Trials(session, plan)
        shortages, confirmations = confirm_causes(trials, shortages)
        ways_out = price_options(trials, shortages) + price_levers_in_plan(trials)
    return result_record(
        problem,
        plan,
        shortages=shortages,
        confirmations=confirmations,
        options=ways_out,
        findings=findings,
        gap=gap,
        names=names_of(sheets),
    )


def names_of(sheets: Sheets) -> Names:
    """What sentences call things."""
    return Names(sheet_names(sheets), {row["code"]: row["kind"] for row in sheets.of("resources")})


def sheet_names(sheets: Sheets) -> dict[str, str]:
    """Code → name over every sheet that names things."""
    return {
        row["code"]: row["name"]
        for sheet in ("products", "orgs", "sites", "resources", "materials")
        for row in sheets.of(sheet)
        if row.get("name")
    }


def _write(out: Path, record: dict[str, Any]) -> None:
    out.write_text(json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n", "utf-8")


def _summary(record: dict[str, Any]) -> str:
    solver = record["solver"]
    return (
        f"{record['status']}: profit {record['objective']:,.2f}, revenue {record['revenue']:,.2f}, "
        f"cost {record['total_cost']:,.2f}; {len(record['shortages'])} shortages, {len(record['options'])} options; "
        f"{record['rows']} rows, {record['columns']} columns, {solver['name']} {solver['version']}, "
        f"built in {solver['build_seconds']} s, solved in {solver['solve_seconds']} s"
    )

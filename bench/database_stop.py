"""PostgreSQL stopped at once, again and again, under people who edit over REST: is every acknowledged edit there, once?

A private cluster with ``fsync``, gunicorn before it, and editors that each count up cells of their own. An edit is sent
with an idempotency key until it is answered; what was on its way at a stop is sent again with the same key. So in the
end a cell holds as many as were acknowledged, the ledger has a row for each, and the audit chain holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from bench.table import Row
from ops.places import ROOT
from ops.services import find_postgres_programs, private_cluster

EDITORS, MONTHS = 4, 12
STOPS, SECONDS_BETWEEN = 12, 4.0
PATIENCE_SECONDS = 60.0


@dataclass
class Editor:
    """One person on a product of their own. ``sent`` counts up by month; a ``fault`` is an answer that cannot be."""

    address: str
    headers: dict[str, str]
    product: str
    first: tuple[int, int]  # year, month
    sent: list[int] = field(default_factory=lambda: [0] * MONTHS)
    retries: int = 0
    fault: str = ""

    def edit_until(self, stop: threading.Event) -> None:
        place = 0
        while not stop.is_set() and not self.fault:
            self._count_up(place % MONTHS)
            place += 1
            time.sleep(0.02)

    def _count_up(self, place: int) -> None:
        before, key = self.sent[place] or None, uuid.uuid4().hex
        year, month = self.first
        edit = {
            "measure": "sales", "product": self.product, "org": "D0", "month": f"{year}-{month + place:02d}",
            "value": (before or 0) + 1, "base": before,
        }  # fmt: skip
        given_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < given_up:
            status, answer = self._send({"edits": [edit]}, key)
            if status == 200:
                outcome = answer["results"][0]
                if outcome["status"] != "applied":
                    self.fault = f"{self.product}: {outcome}"
                self.sent[place] += 1
                return
            if 400 <= status < 500 and status != 429:
                self.fault = f"{self.product}: {status} {answer}"
                return
            self.retries += 1
            time.sleep(0.2)
        self.fault = f"{self.product}: no answer for {PATIENCE_SECONDS:.0f} s"

    def _send(self, body: dict[str, Any], key: str) -> tuple[int, Any]:
        """Status and answer; 0 where the line broke."""
        headers = {**self.headers, "Content-Type": "application/json", "Idempotency-Key": key}
        request = urllib.request.Request(self.address, data=json.dumps(body).encode(), headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read()[:300]
        except (OSError, HTTPException, ValueError):
            return 0, None


@dataclass(frozen=True)
class Account:
    """What came of it: ``lost`` and ``doubled`` must be 0 and ``faults`` empty."""

    acknowledged: int
    retries: int
    stops: int
    lost: int
    doubled: int
    faults: tuple[str, ...]


def run() -> list[Row]:
    """Acknowledged edits, stops, and what was lost or doubled: nothing."""
    account = stop_under_edits(stops=STOPS, seconds_between=SECONDS_BETWEEN)
    note = f"{account.retries} requests without an answer were sent again with their key"
    return [
        Row("edits acknowledged", account.acknowledged, "", "", note),
        Row("PostgreSQL stopped at once", account.stops, "times"),
        Row("acknowledged edits lost", account.lost, "", "≤ 0"),
        Row("edits that took effect twice", account.doubled, "", "≤ 0"),
        Row("other faults", len(account.faults), "", "≤ 0", "; ".join(account.faults)[:200]),
    ]


def stop_under_edits(*, stops: int, seconds_between: float) -> Account:
    """Raises ``RuntimeError`` where PostgreSQL's server programs are not installed."""
    from bench.serving import served

    programs = find_postgres_programs()
    if programs is None:
        raise RuntimeError("PostgreSQL's server programs are not installed here")
    with private_cluster(programs, durable=True) as cluster:
        world = _call("prepare", cluster.url)
        with served(2, database=cluster.url) as server:
            address = f"{server.root}/api/v1/plans/{world['version']}/cells:batch"
            first = world["first"][0], world["first"][1]
            editors = [Editor(address, headers, code, first) for code, headers in world["editors"].items()]
            done = threading.Event()
            threads = [threading.Thread(target=editor.edit_until, args=[done]) for editor in editors]
            for thread in threads:
                thread.start()
            for _stop in range(stops):
                time.sleep(seconds_between)
                cluster.stop("immediate")
                time.sleep(0.3)
                cluster.start()
            time.sleep(seconds_between)
            done.set()
            for thread in threads:
                thread.join()
        found = _call("account", cluster.url)
    return _settle(editors, found, stops)


def _settle(editors: list[Editor], found: dict[str, Any], stops: int) -> Account:
    lost = doubled = 0
    for editor in editors:
        for place, sent in enumerate(editor.sent):
            value, rows = found["cells"].get(f"{editor.product} {place}", [0, 0])
            lost += max(0, sent - min(value, rows))
            doubled += max(0, max(value, rows) - sent)
    faults = (*(editor.fault for editor in editors if editor.fault), *found["faults"])
    return Account(
        acknowledged=sum(sum(editor.sent) for editor in editors),
        retries=sum(editor.retries for editor in editors),
        stops=stops,
        lost=lost,
        doubled=doubled,
        faults=faults,
    )


def _call(what: str, database: str) -> dict[str, Any]:
    """One of the functions below in a process of its own, on the cluster's database."""
    environment = {**os.environ, "DATABASE_URL": database, "SOP_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "bench.database_stop", what]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _prepare() -> dict[str, Any]:
    """A small company with a plan, and its editors signed in."""
    from django.core.management import call_command

    from accounts.models import User
    from bench.serving import sign_in
    from core.months import parse_month
    from cycles.models import Cycle
    from masterdata.models import Company, Org, Product
    from plans.services import create_working_version

    call_command("migrate", verbosity=0)
    Company.objects.create(name="Bench")
    Org.objects.create(code="D0", name="Dealer")
    editors = {}
    for number in range(EDITORS):
        code = f"P{number}"
        Product.objects.create(code=code, name=code)
        person = User.objects.create(username=code, role="demand_lead", department="supply")
        editors[code] = sign_in(person)
    cycle = Cycle.objects.create(month=parse_month("2026-01"), horizon=MONTHS)
    version = create_working_version(cycle=cycle, actor=None)
    return {"version": version.pk, "first": [2026, 1], "editors": editors}


def _account() -> dict[str, Any]:
    """Product and month → [value of the cell, rows of the ledger]; and audit chains that do not hold."""
    from django.db.models import Count

    from core import audit
    from core.months import parse_month
    from masterdata.models import Product
    from plans.choices import VersionKind
    from plans.models import Edit, Version
    from plans.selectors import load_measure

    first, codes = parse_month("2026-01"), dict(Product.objects.values_list("pk", "code"))
    cube = load_measure(version_id=Version.objects.get(kind=VersionKind.WORKING).pk, measure="sales")
    counted = Edit.objects.values_list("a_id", "b_id", "m").annotate(rows=Count("pk")).order_by()
    cells = {f"{codes[a]} {month - first}": [cube.cell((a, b), month) or 0, rows] for a, b, month, rows in counted}
    faults = [f"audit chain {chain} does not hold" for chain in audit.list_chains() if audit.verify_chain(chain)]
    return {"cells": cells, "faults": faults}


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sop.settings")
    django.setup()
    print(json.dumps({"prepare": _prepare, "account": _account}[sys.argv[1]]()))

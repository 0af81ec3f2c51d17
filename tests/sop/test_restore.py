"""A backup put back into an empty place: the same snapshot codes, a valid audit chain, the guards still there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import connect, sql

from plans.models import Snapshot
from plans.services import freeze_version
from tests.factories import make_user
from tests.plans.world import make_world

ROOT = Path(__file__).resolve().parents[2]
COPY = "sop_restored"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def frozen():
    """A plan with edits, a publication and two snapshots, all committed."""
    world = make_world(make_user("demand_lead", username="lead"))
    world.publish("proposal", 10)
    world.save(world.edit("sales", "A1", "n1", 5))
    freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
    world.publish("constrained", 8)
    freeze_version(version_id=world.version.pk, kind="S", actor=world.actor)
    return list(Snapshot.objects.order_by("at").values_list("kind", "code"))


@pytest.fixture
def restored(frozen, tmp_path):
    """The address of a copy made by the database's own tools, as docs/operations.md says."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(tmp_path / "copy.sqlite3")])
        yield f"sqlite:///{tmp_path / 'copy.sqlite3'}"
        return
    if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
        pytest.skip("pg_dump and pg_restore are not installed here")
    where = connection.settings_dict
    name = f"{COPY}_{os.getpid()}"
    server = {
        "PATH": os.environ["PATH"],
        "PGHOST": where["HOST"] or "127.0.0.1",
        "PGPORT": str(where["PORT"] or 5432),
        "PGUSER": where["USER"],
        "PGPASSWORD": where["PASSWORD"],
    }
    account = f"{where['USER']}{':' + where['PASSWORD'] if where['PASSWORD'] else ''}"
    address = f"postgres://{account}@{server['PGHOST']}:{server['PGPORT']}"
    dump = tmp_path / "sop.dump"
    subprocess.run(["pg_dump", "--format=custom", f"--file={dump}", where["NAME"]], env=server, check=True)
    with connect(f"{address}/postgres", autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            subprocess.run(["pg_restore", f"--dbname={name}", str(dump)], env=server, check=True)
            yield f"{address}/{name}"
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def manage(*arguments: str, database: str, var: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": database, "SOP_VAR": str(var), "SOP_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_a_restored_backup_has_the_same_codes_a_valid_chain_and_its_guards(frozen, restored, tmp_path):
    found = manage("verify_snapshots", database=restored, var=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.split("\n")[:2] == [f"{kind} {code} ok" for kind, code in frozen]
    chain = manage("verify_audit", database=restored, var=tmp_path)
    assert chain.returncode == 0, chain.stderr
    write = (
        "from django.db import connection\n"
        "for table, column in (('plan_block', 'ncols'), ('plan_edit', 'rev'), ('core_auditentry', 'seq')):\n"
        "    try:\n"
        "        connection.cursor().execute(f'UPDATE {table} SET {column} = {column}')\n"
        "    except Exception as error:\n"
        "        print('refused', table)\n"
    )
    guarded = manage("shell", "-v", "0", "-c", write, database=restored, var=tmp_path)
    assert guarded.stdout.split() == ["refused", "plan_block", "refused", "plan_edit", "refused", "core_auditentry"]


def test_damage_is_named(frozen, without_triggers, capsys):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE plan_snapshot SET manifest = '{\"measures\": {}, \"hierarchy\": {}}' WHERE kind = 'S'")
    with pytest.raises(CommandError, match="1 of 2 snapshots are not as they were frozen"):
        call_command("verify_snapshots")
    assert "damaged" in capsys.readouterr().out

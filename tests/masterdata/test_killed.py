"""A process killed in the middle of a commit leaves nothing half imported, and the next try goes through."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from tests.masterdata.conftest import ORGS, PRODUCTS

STOPS_AFTER_WRITING = """
import sys, time
import django
django.setup()
from masterdata.importers.stores import ModelStore
from masterdata.services import import_folder
from pathlib import Path

write = ModelStore.write
def write_and_wait(store, sheet, changes, context):
    write(store, sheet, changes, context)
    if sheet.spec.name == "prices":
        print("written", flush=True)
        time.sleep(60)
ModelStore.write = write_and_wait
import_folder(path=Path(sys.argv[1]), actor=None)
"""
COUNT = """
import django
django.setup()
from core.models import AuditEntry
from masterdata.models import Company, Org, Price, Product
print(*(model.objects.count() for model in (Company, Product, Org, Price, AuditEntry)))
"""


@pytest.fixture
def other_process(transactional_db, tmp_path):
    """Environment of a process on this test's database; a database in memory is copied to a file first."""
    url = os.environ.get("DATABASE_URL", "")
    if connection.vendor == "sqlite":
        url = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM INTO '{tmp_path / 'copy.sqlite3'}'")
    else:
        url = url.rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "sop.settings", "PYTHONPATH": os.getcwd()}


def run(environment, *arguments):
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_killed_in_the_commit(other_process, folder):
    path = folder(
        products=PRODUCTS,
        orgs=ORGS,
        prices="product,from_month,price\nE7,2026-01,100\n",
        history="product,org,month,quantity\nE7,NORTH,2026-01,5\n",
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", STOPS_AFTER_WRITING, str(path)], env=other_process, stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == "written\n"
    victim.kill()
    victim.wait()
    assert run(other_process, "-c", COUNT).stdout.split() == ["0", "0", "0", "0", "0"]
    again = run(other_process, "manage.py", "import_data", str(path))
    assert again.returncode == 0, again.stderr
    assert run(other_process, "-c", COUNT).stdout.split()[:4] == ["1", "3", "2", "1"]

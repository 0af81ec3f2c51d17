"""Fixtures every room shares."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis
import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import cache as throttles
from django.db import connection, transaction
from django.test import TransactionTestCase
from django.utils import translation

from accounts.choices import Role
from accounts.models import User
from cycles.models import Cycle
from plans import cache
from tests.factories import SmallCompany, make_company, make_cycle, make_user

# A shared machine's clock is no business rule: how long an example takes is the benchmarks' question. Before a merge
# everybody gets the same examples; at a desk each run tries new ones.
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.register_profile("merge", deadline=None, derandomize=True)
hypothesis.settings.load_profile("merge" if os.environ.get("SOP_REQUIRE_SERVICES") == "1" else "desk")


@contextmanager
def _triggers_dropped() -> Iterator[None]:
    """Without the append-only triggers of SQLite, which are put back after.

    Emptying tables between transactional tests is a DELETE on SQLite, which the triggers rightly refuse;
    PostgreSQL truncates, which row triggers do not see.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for _name, sql in triggers:
                cursor.execute(sql)


def _delete_everything() -> None:
    """What Django's flush does on PostgreSQL, a second a test faster: TRUNCATE writes every table's file anew."""
    kept = {"django_migrations", "django_content_type", "auth_permission"}
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - kept)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # neither triggers nor the order of keys
        cursor.execute(";".join(f'DELETE FROM "{table}"' for table in tables))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix) -> None:
    """Without waiting for the disk: tests kill processes, not the power supply. A forgotten lock fails, not hangs."""
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor == "sqlite":
        options["init_command"] += "PRAGMA synchronous=OFF;"
    else:
        options["options"] = "-c synchronous_commit=off -c lock_timeout=60s"
        # Each of a browser's connections is a thread of the live server: kept open, they use up the server's hundred.
        connection.settings_dict["CONN_MAX_AGE"] = 0


@pytest.fixture(autouse=True, scope="session")
def _flush_past_triggers() -> Iterator[None]:
    original = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        if connection.vendor != "sqlite":
            _delete_everything()
            return
        with _triggers_dropped():
            original(case)

    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _plain_static_names() -> None:
    """Files are served under their own names, whatever an earlier set-up has collected under hashed ones."""
    staticfiles_storage.hashed_files = {}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A signed-in person's language stays active after the request; the next test starts in English again."""
    with translation.override("en"):
        yield


@pytest.fixture
def without_triggers(db) -> Iterator[None]:
    """What somebody with the database's password could do."""
    if connection.vendor == "sqlite":
        with _triggers_dropped():
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")


@pytest.fixture(autouse=True)
def _forget() -> None:
    """What a process remembers (blocks, requests counted) is keyed by ids, which rolled-back tests use again."""
    cache.clear()
    throttles.clear()


@pytest.fixture
def users(db) -> dict[str, User]:
    """One user per role, keyed by role."""
    return {role: make_user(role) for role in Role.values}


@pytest.fixture
def company(db) -> SmallCompany:
    """The small company of ``tests.factories``."""
    return make_company()


@pytest.fixture
def cycle(users) -> Cycle:
    """The cycle of November 2026, collecting, with one user per role."""
    return make_cycle("2026-11")

"""Append-only tables: database triggers that refuse UPDATE and DELETE, on SQLite and PostgreSQL."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def append_only(table: str) -> migrations.RunPython:
    """A migration operation that lets rows of ``table`` be inserted and never changed or deleted."""

    def forward(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        refusal = f"{table} is append-only"
        if editor.connection.vendor == "postgresql":
            editor.execute(
                f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$"
            )
            editor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
            )
            return
        for event in ("update", "delete"):
            editor.execute(
                f"CREATE TRIGGER {table}_append_only_{event} BEFORE {event.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            )

    def backward(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            editor.execute(f"DROP FUNCTION {table}_refuse()")
            return
        for event in ("update", "delete"):
            editor.execute(f"DROP TRIGGER {table}_append_only_{event}")

    return migrations.RunPython(forward, backward)

"""The store's promises, kept by the database itself: what is written stays, and nothing happens under a seal."""

from django.db import migrations

from core.guards import append_only

APPEND_ONLY = ("plan_axis", "plan_batch", "plan_edit", "plan_move", "plan_snapshot", "plan_snapshot_invalidation")

# name, moment, table, condition that refuses, message
GUARDS = (
    ("plan_head_sealed_update", "UPDATE", "plan_head", "OLD.sealed", "a sealed head never changes"),
    ("plan_head_sealed_delete", "DELETE", "plan_head", "OLD.sealed", "a sealed head never goes"),
    (
        "plan_edit_under_seal",
        "INSERT",
        "plan_edit",
        "EXISTS (SELECT 1 FROM plan_head WHERE id = NEW.head_id AND sealed)",
        "no edit under a sealed head",
    ),
    ("plan_block_update", "UPDATE", "plan_block", "TRUE", "blocks never change"),
    (
        "plan_block_delete",
        "DELETE",
        "plan_block",
        "NOT EXISTS (SELECT 1 FROM plan_garbage WHERE sha = OLD.sha)",
        "only collected garbage is deleted",
    ),
)


def create_guards(_apps, editor):
    for name, moment, table, refused, message in GUARDS:
        if editor.connection.vendor == "postgresql":
            row = "OLD" if moment == "DELETE" else "NEW"
            editor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {refused} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
            )
            editor.execute(
                f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        else:
            editor.execute(
                f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )


def drop_guards(_apps, editor):
    for name, _moment, table, _refused, _message in GUARDS:
        if editor.connection.vendor == "postgresql":
            editor.execute(f"DROP TRIGGER {name} ON {table}")
            editor.execute(f"DROP FUNCTION {name}()")
        else:
            editor.execute(f"DROP TRIGGER {name}")


def tune_postgresql(_apps, editor):
    """Blocks are compressed already; heads are updated in place all day."""
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE plan_block ALTER COLUMN data SET STORAGE EXTERNAL")
        editor.execute("ALTER TABLE plan_head SET (fillfactor = 50)")


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial")]
    operations = [
        *[append_only(table) for table in APPEND_ONLY],
        migrations.RunPython(create_guards, drop_guards),
        migrations.RunPython(tune_postgresql, migrations.RunPython.noop),
    ]

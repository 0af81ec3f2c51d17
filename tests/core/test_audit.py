"""The audit trail: dense, chained, append-only, and its verifier names the first bad row."""

import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from core import audit
from core.db import write_transaction
from core.models import AuditChain, AuditEntry
from tests.factories import make_user


def write(chain: str, verb: str = "test.thing.done", **detail) -> AuditEntry:
    with write_transaction():
        return audit.record(chain=chain, actor=None, verb=verb, obj=("test.thing", "7"), detail=detail)


@pytest.mark.django_db
def test_entries_are_numbered_and_chained():
    first, second, other = write("cycle:1", a=1), write("cycle:1", b=2), write("cycle:2")
    assert (first.seq, second.seq, other.seq) == (1, 2, 1)
    assert first.prev_hash == audit.GENESIS
    assert second.prev_hash == first.hash
    assert second.detail == '{"b":2}'
    assert audit.verify_chain("cycle:1") is None
    assert audit.verify_chain("cycle:2") is None


@pytest.mark.django_db
def test_the_actors_name_is_kept_as_text():
    user = make_user("sales", display_name="Liu Yan")
    with transaction.atomic():
        entry = audit.record(chain="system", actor=user, verb="test.done", obj=user)
    assert (entry.actor_name, entry.object_type, entry.object_id) == ("Liu Yan", "accounts.user", str(user.pk))


@pytest.mark.django_db(transaction=True)
def test_an_entry_needs_a_transaction():
    with pytest.raises(RuntimeError, match="inside the transaction"):
        audit.record(chain="system", actor=None, verb="test.done", obj=("a", "1"))
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE core_auditentry SET verb = 'x'", "DELETE FROM core_auditentry"])
def test_the_database_refuses_changes(statement):
    write("cycle:1")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert audit.verify_chain("cycle:1") is None


@pytest.mark.django_db
def test_verify_names_the_first_changed_row(without_triggers, capsys):
    rows = [write("cycle:1", n=n) for n in range(5)]
    AuditEntry.objects.filter(pk=rows[2].pk).update(detail='{"n":99}')
    AuditEntry.objects.filter(pk=rows[3].pk).update(detail='{"n":99}')
    bad = audit.verify_chain("cycle:1")
    assert (bad.seq, bad.entry_id, bad.problem) == (3, rows[2].pk, "its content was changed")
    with pytest.raises(CommandError, match="1 of 1 chains do not hold: cycle:1"):
        call_command("verify_audit")
    assert f"cycle:1: BAD at entry 3 (row id {rows[2].pk})" in capsys.readouterr().err


@pytest.mark.django_db
def test_verify_notices_a_missing_and_a_cut_off_row(without_triggers):
    rows = [write("cycle:1", n=n) for n in range(4)]
    AuditEntry.objects.filter(pk=rows[1].pk).delete()
    assert audit.verify_chain("cycle:1").problem == "entry 2 is missing, 3 follows"
    rows = [write("cycle:2", n=n) for n in range(4)]
    AuditEntry.objects.filter(pk=rows[3].pk).delete()
    assert audit.verify_chain("cycle:2").problem == "the chain ends at 3 but counted 4"
    AuditChain.objects.filter(name="cycle:2").delete()
    assert audit.verify_chain("cycle:2") is not None


@pytest.mark.django_db
def test_a_rewritten_row_with_a_fitting_hash_breaks_the_next(without_triggers):
    rows = [write("cycle:1", n=n) for n in range(3)]
    forged = rows[0]
    forged.detail = '{"n":99}'
    forged.hash = audit.entry_hash(forged)
    AuditEntry.objects.filter(pk=forged.pk).update(detail=forged.detail, hash=forged.hash)
    bad = audit.verify_chain("cycle:1")
    assert (bad.seq, bad.problem) == (2, "does not continue the entry before it")


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_of_one_chain_leave_it_dense():
    def work(number: int) -> None:
        for step in range(5):
            write("cycle:1", writer=number, step=step)
        connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditEntry.objects.filter(chain="cycle:1").count() == 20
    assert audit.verify_chain("cycle:1") is None

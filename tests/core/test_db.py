"""The write transaction: a queue of writers that never waits for itself."""

import threading

import pytest
from django.db import connection, transaction

from core.db import write_transaction
from core.models import IdempotencyRecord

pytestmark = pytest.mark.django_db(transaction=True)


def write(key):
    IdempotencyRecord.objects.create(client="db", key=key, request_hash="", status=200)


def keys():
    return sorted(IdempotencyRecord.objects.values_list("key", flat=True))


def test_what_runs_after_the_commit_may_write_again():
    def again():
        with write_transaction():
            write("after")

    with write_transaction():
        write("first")
        transaction.on_commit(again)
    assert keys() == ["after", "first"]


def test_nested_calls_share_one_transaction():
    def write_and_fail():
        with write_transaction():
            with write_transaction():
                write("inner")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert keys() == []


def test_writers_in_threads_all_get_through():
    def work(number):
        try:
            for turn in range(20):
                with write_transaction():
                    write(f"{number}-{turn}")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys()) == 80

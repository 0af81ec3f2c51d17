"""The write helper's queue must not stand in its own way."""

from functools import partial

import pytest
from django.db import transaction

from core.db import write_transaction
from tests.factories import make_user


@pytest.mark.django_db(transaction=True)
def test_what_runs_on_commit_may_write():
    def write_more() -> None:
        with write_transaction():
            make_user("marketing")

    with write_transaction():
        user = make_user("sales")
        transaction.on_commit(partial(write_more))
    assert type(user).objects.count() == 2

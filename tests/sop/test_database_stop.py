"""PostgreSQL stopped at once under edits over REST: what was acknowledged is there, once."""

import pytest

from bench.database_stop import Editor, _settle, stop_under_edits
from ops.services import find_postgres_programs


@pytest.mark.slow
@pytest.mark.skipif(find_postgres_programs() is None, reason="PostgreSQL's server programs are not installed here")
def test_no_acknowledged_edit_is_lost_or_doubled():
    account = stop_under_edits(stops=2, seconds_between=3)
    assert account.faults == ()
    assert (account.lost, account.doubled) == (0, 0)
    assert account.acknowledged > 0
    assert account.retries > 0, "the stops met no edit on its way"


def test_the_account_sees_what_is_lost_doubled_and_at_fault():
    editor = Editor("", {}, "P0", (2026, 1), sent=[3, 2, 1, *[0] * 9], fault="P0: refused")
    found = {"cells": {"P0 0": [2, 3], "P0 1": [2, 3]}, "faults": ["audit chain cycle:1 does not hold"]}
    account = _settle([editor], found, stops=1)
    assert (account.acknowledged, account.lost, account.doubled) == (6, 2, 1)
    assert account.faults == ("P0: refused", "audit chain cycle:1 does not hold")

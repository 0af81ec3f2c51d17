"""Whoever may start costly work may not start it without end."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

COSTLY = {"balance.run", "forecast.run", "import.run"}


def endpoints(patterns=None) -> Iterator[type]:
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            yield from endpoints(entry.url_patterns)
        elif isinstance(entry, URLPattern):
            view = getattr(entry.callback, "cls", None)
            if hasattr(view, "required_actions"):
                yield view


def costly() -> list[type]:
    found = set()
    for view in endpoints():
        actions = view.required_actions.get("POST", ())
        if COSTLY & ({actions} if isinstance(actions, str) else set(actions)):
            found.add(view)
    return sorted(found, key=lambda view: view.__name__)


def test_there_are_some():
    assert {"BalanceView", "ForecastView", "ImportListView"} <= {view.__name__ for view in costly()}


@pytest.mark.parametrize("view", costly(), ids=lambda view: view.__name__)
def test_every_endpoint_that_starts_costly_work_is_throttled(view):
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    assert getattr(view, "throttle_scope", "") in rates.keys() - {"anon", "user"}

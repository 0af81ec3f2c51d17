"""The frame of every page: links keep the cycle one looks at, tabs show the pages beside this one."""

import re

from cycles.choices import CycleState
from cycles.models import Cycle
from tests.factories import make_cycle


def _links(page: str, part: str) -> list[str]:
    return re.findall(r'href="([^"]+)"', page[page.index(part) :][: page[page.index(part) :].index("</nav>")])


def test_links_keep_an_older_cycle_and_name_no_newest_one(client, cycle, users):
    Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.CLOSED)
    make_cycle("2026-12")
    client.force_login(users["coordinator"])
    older = client.get("/supply/", {"cycle": "2026-11"}).content.decode()
    assert "/demand/?cycle=2026-11" in _links(older, 'class="top"')
    assert all(link.endswith("?cycle=2026-11") for link in _links(older, 'class="rail"'))
    newest = client.get("/supply/").content.decode()
    assert "/demand/" in _links(newest, 'class="top"')
    assert not any("cycle=" in link for link in _links(newest, 'class="rail"'))


def test_the_nearest_tab_is_the_current_one(client, cycle, users):
    client.force_login(users["supply_lead"])
    page = client.get("/meeting/supply_review/").content.decode()
    tabs = page[page.index('class="tabs"') :]
    assert re.findall(r'aria-current="page">([^<]+)<', tabs[: tabs.index("</nav>")]) == ["Meeting"]
    assert 'class="tabs"' not in client.get("/").content.decode()

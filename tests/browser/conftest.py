"""A real Chromium against a live server. Skipped where no Chromium is installed, unless it is required.

Every page opened here must stay within its origin and keep the console free of errors: that is checked after
each test, whatever the test itself is about.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.models import User

# Playwright's synchronous interface keeps an event loop on this thread; the tests' own queries are not asynchronous.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

SIZES = {"laptop": (1366, 768), "desk": (1920, 1080), "phone": (320, 640)}
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """The browser of the session."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("SOP_REQUIRE_BROWSER") == "1":
            pytest.fail("browser tests need a chromium on the PATH when SOP_REQUIRE_BROWSER is 1")
        pytest.skip("no chromium on the PATH: browser tests are skipped")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Opens pages and remembers what went wrong on them."""

    browser: object
    origin: str
    problems: list[str] = field(default_factory=list)
    contexts: list = field(default_factory=list)

    def open(
        self,
        path: str,
        *,
        user: User | None = None,
        language: str = "en",
        theme: str = "light",
        size: str = "laptop",
        reduced_motion: bool = True,
    ):
        """A new window on ``path``, signed in as ``user`` with that language and theme."""
        width, height = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN" if language == "zh-hans" else "en-GB",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce" if reduced_motion else "no-preference",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(30_000)  # a busy machine is slow, not wrong
        self.contexts.append(context)
        if user is not None:
            User.objects.filter(pk=user.pk).update(language=language, theme=theme)
            context.add_cookies([{"url": self.origin, **self._session(user)}])
        page = context.new_page()
        self._watch(page)
        page.goto(f"{self.origin}{path}")
        page.wait_for_load_state("networkidle")
        return page

    def _session(self, user: User) -> dict[str, str]:
        client = Client()
        client.force_login(user)
        return {"name": "sessionid", "value": client.cookies["sessionid"].value}

    def _watch(self, page) -> None:
        host = urlsplit(self.origin).netloc

        def on_request(request) -> None:
            target = urlsplit(request.url)
            if target.scheme in {"http", "https", "ws", "wss"} and target.netloc != host:
                self.problems.append(f"request outside: {request.url}")

        page.on("request", on_request)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error} {error.stack}"))
        page.on("console", lambda m: m.type == "error" and self.problems.append(f"console: {m.text}"))

    def forgive(self, text: str) -> None:
        """Forget the expected problems that contain ``text``."""
        self.problems[:] = [problem for problem in self.problems if text not in problem]

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture
def visitor(chromium, live_server) -> Iterator[Visitor]:
    """Open pages with it; a request outside or an error in the console fails the test."""
    guest = Visitor(browser=chromium, origin=live_server.url)
    yield guest
    guest.close()
    assert guest.problems == []


@pytest.fixture
def check_accessibility() -> Callable:
    """Runs axe (WCAG 2.2 A and AA) on a page and fails on any violation, naming rule and elements."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
        "resultTypes": ["violations"],
    }

    def check(page, context: str | None = None) -> None:
        violations = axe.run(page, context=context, options=options).response["violations"]
        told = [f"{v['id']}: {node['target']} {node['failureSummary']}" for v in violations for node in v["nodes"]]
        assert told == []

    return check

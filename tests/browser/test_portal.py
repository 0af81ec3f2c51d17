"""The supplier's portal and purchasing's page in a real browser: both languages, by keyboard, accessible."""

from __future__ import annotations

import pytest

from accounts.choices import Role
from supply.models import AcceptedAnswer, SupplierAnswer
from tests.factories import make_company, make_cycle, make_user
from tests.supply.sharing import DEC, Shared, share


@pytest.fixture
def shared(transactional_db) -> Shared:
    company = make_company()
    users = {role: make_user(role) for role in Role.values}
    return share(company, make_cycle("2026-11"), users)


def test_a_supplier_answers_by_keyboard_and_purchasing_accepts(visitor, shared, check_accessibility):
    page = visitor.open("/", user=shared.packs, language="zh-hans")
    assert page.url.endswith("/supply/portal/")
    assert page.locator(".plot svg.main-svg").count() > 0
    check_accessibility(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    page.goto(f"{visitor.origin}/supply/portal/?material=PACK#answer")
    row = page.locator("#answer tbody tr").nth(1)
    row.locator("select").focus()
    page.keyboard.press("ArrowDown")  # as asked
    page.keyboard.press("ArrowDown")  # less
    page.keyboard.press("Tab")
    page.keyboard.type("60")
    page.keyboard.press("Enter")
    page.get_by_text("已保存 1 条答复。").wait_for()
    answer = SupplierAnswer.objects.get()
    assert (answer.month, answer.kind, answer.quantity) == (DEC, "less", 60)

    page = visitor.open("/supply/suppliers/", user=shared.users["purchasing"])
    check_accessibility(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    page.get_by_role("button", name="Accept Battery pack Dec 26").click()
    page.get_by_text("The answer is the supplier's limit now").wait_for()
    assert AcceptedAnswer.objects.get().limit == 60

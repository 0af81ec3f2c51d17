"""The month grid under a planner's hands: keys, paste, fill, undo, offline, conflicts."""

from __future__ import annotations

import pytest

from tests.factories import make_user

FIRST = 2026 * 12 + 10  # November 2026

_SETUP = """async ({rows, options}) => {
  const {createGrid, Refused} = await import("/static/js/grid.js");
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "/static/vendor/tabulator.min.css";
  document.head.prepend(style);
  await new Promise(done => style.addEventListener("load", done));
  const host = document.createElement("section");
  host.className = "pn";
  host.innerHTML = '<header><h2>Grid</h2><span class="saved" id="state"></span><span id="tools2"></span></header>'
    + '<div id="mine"></div>';
  document.querySelector("#main").prepend(host);
  scrollTo(0, 0);
  window.calls = [];
  window.answers = [];
  window.grid = createGrid(document.getElementById("mine"), {
    label: "Test grid", heads: ["Stream", "Owner"],
    columns: Array.from({length: 6}, (_, i) => ({month: FIRST + i, kind: i === 0 ? "past" : "plan"})),
    rows, saveState: document.getElementById("state"), tools: document.getElementById("tools2"),
    save: async (edits, meta) => {
      window.calls.push({edits, ...meta});
      const answer = window.answers.shift();
      if (answer === "offline") throw new Error("away");
      if (answer?.refused) throw new Refused(answer.refused);
      return {results: edits.map((e, i) => answer?.[i] ?? {status: "applied", value: e.value})};
    },
    ...options,
  });
  await new Promise(done => setTimeout(done, 150));
}""".replace("FIRST", str(FIRST))


def _row(key: str, *values, **more):
    return {"key": key, "label": key.title(), "owner": "", "editable": True, "cells": list(values), **more}


SIMPLE = [
    _row("sales", 10, 20, 30, 40, 50, 60),
    _row("north", 1, 2, 3, 4, 5, 6),
    _row("read", 7, 7, 7, 7, 7, 7, editable=False, why="Finance edits this row."),
    _row("south", 1, 1, 1, 1, 1, 1),
    _row("total", 2, 3, 4, 5, 6, 7, editable=False, sum=["north", "south"]),
]


@pytest.fixture
def page(visitor):
    return visitor.open("/signin/")


@pytest.fixture
def showcase(visitor):
    return visitor.open("/components/", user=make_user("demand_lead"))


@pytest.fixture
def grid(page):
    def build(rows=SIMPLE, **options):
        page.evaluate(_SETUP, {"rows": rows, "options": options})
        page.evaluate("grid.focus()")
        return page

    return build


def _select(page, row: str, column: int) -> None:
    page.evaluate("([row, month]) => { grid.select(row, month); grid.focus(); }", [row, FIRST + column])


def _values(page, row: str) -> list:
    return page.evaluate("row => grid.model.row(row).cells.map(c => c.value)", row)


def _shown(page, row: str, column: int) -> str:
    return page.evaluate("([row, col]) => grid.cellElement({row, col}).textContent.trim()", [row, column])


def _paste(page, text: str) -> None:
    page.evaluate(
        """text => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
          document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def _middle(page, row: str, column: int) -> list[float]:
    return page.evaluate(
        """([row, col]) => {
          const box = grid.cellElement({row, col}).getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }""",
        [row, column],
    )


def _calls(page) -> list[dict]:
    page.wait_for_timeout(30)
    return page.evaluate("window.calls")


def test_typing_saves_and_moves_down_like_a_sheet(grid):
    page = grid()
    _select(page, "sales", 2)
    page.keyboard.type("1,234")
    page.keyboard.press("Enter")
    assert _values(page, "sales")[2] == 1234
    assert _shown(page, "sales", 2) == "1,234"
    assert page.evaluate("grid.selection.cursor") == {"row": "north", "col": 2}
    (call,) = _calls(page)
    assert call["edits"] == [{"row": "sales", "month": FIRST + 2, "value": 1234, "base": 30}]
    assert call["mode"] == "partial"
    assert page.inner_text("#state").startswith("Saved ")


def test_tab_saves_right_and_escape_keeps_the_old_value(grid):
    page = grid()
    _select(page, "sales", 1)
    page.keyboard.type("21")
    page.keyboard.press("Tab")
    page.keyboard.type("99")
    page.keyboard.press("Escape")
    assert _values(page, "sales")[:3] == [10, 21, 30]
    assert page.evaluate("grid.selection.cursor") == {"row": "sales", "col": 2}
    assert page.evaluate("document.activeElement.id") == "mine"


def test_f2_keeps_the_value_and_full_width_digits_are_read(grid):
    page = grid()
    _select(page, "sales", 1)
    page.keyboard.press("F2")
    assert page.input_value(".cell-input") == "20"
    page.fill(".cell-input", "1，2３4")
    page.keyboard.press("Enter")
    assert _values(page, "sales")[1] == 1234


def test_a_wrong_text_stays_in_the_field_and_says_what_to_do(grid):
    page = grid()
    _select(page, "sales", 1)
    page.keyboard.type("1")
    for text, told in [("12x", "Write a number"), ("2.5", "Whole units only."), ("-4", "The smallest value")]:
        page.fill(".cell-input", text)
        page.keyboard.press("Enter")
        assert told in page.inner_text(".cell-say")
        assert page.input_value(".cell-input") == text
    assert _calls(page) == []


def test_read_only_and_past_cells_say_why(grid):
    page = grid()
    _select(page, "read", 2)
    page.keyboard.type("5")
    assert page.inner_text(".cell-say") == "Finance edits this row."
    _select(page, "sales", 0)
    page.keyboard.type("5")
    assert page.inner_text(".cell-say") == "The past cannot be changed."
    assert _calls(page) == []


def test_sums_follow_the_typed_value_at_once(grid):
    page = grid()
    _select(page, "north", 3)
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    assert _shown(page, "total", 3) == "101"


def test_undo_and_redo_take_back_whole_blocks(grid):
    page = grid()
    _select(page, "sales", 1)
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Delete")
    assert _values(page, "sales")[1:3] == [None, None]
    page.keyboard.press("Control+z")
    assert _values(page, "sales")[1:3] == [20, 30]
    assert _values(page, "north")[1:3] == [2, 3]
    page.keyboard.press("Control+y")
    assert _values(page, "north")[1:3] == [None, None]
    assert [call["source"] for call in _calls(page)] == ["reset", "undo", "redo"]
    assert [len(call["edits"]) for call in _calls(page)] == [4, 4, 4]
    assert [edit["base"] for edit in _calls(page)[1]["edits"]] == [None] * 4


def test_delete_shows_the_baseline_the_page_names(showcase):
    page = showcase
    page.evaluate("document.getElementById('grid').focus()")
    cell = "#grid .tabulator-cell.cur"
    assert page.inner_text(cell) == "8,600"
    page.keyboard.press("Delete")
    assert page.inner_text(cell) == "8,080"


def test_fill_down_and_right(grid):
    page = grid()
    _select(page, "sales", 1)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+d")
    assert _values(page, "north")[1] == 20
    assert _values(page, "south")[1] == 20
    assert _values(page, "read")[1] == 7, "read-only cells keep their value"
    _select(page, "south", 1)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+r")
    assert _values(page, "south")[1:5] == [20, 20, 20, 1]
    assert {call["mode"] for call in _calls(page)} == {"all_or_nothing"}


def test_paste_from_excel_shows_a_preview_first(grid):
    page = grid()
    _select(page, "sales", 1)
    _paste(page, "1,000\t\t“\u00a01 200\r\n".replace("“", "") + "5\t6\t7\r\n" + "8\t9\t10\r\n")
    dialog = page.locator("dialog[open]")
    assert "Paste 5 cells" in dialog.inner_text()
    assert "3 read-only cells stay as they are." in dialog.inner_text()
    assert "1 blank is left out." in dialog.inner_text()
    assert _calls(page) == [], "nothing is saved before the preview is accepted"
    page.keyboard.press("Enter")
    assert _values(page, "sales") == [10, 1000, 30, 1200, 50, 60]
    assert _values(page, "north")[1:4] == [5, 6, 7]
    (call,) = _calls(page)
    assert (len(call["edits"]), call["mode"], call["source"]) == (5, "all_or_nothing", "paste")


def test_a_paste_with_text_in_it_cannot_be_accepted(grid):
    page = grid()
    _select(page, "sales", 1)
    _paste(page, "1\tabout 5\n2\t3")
    dialog = page.locator("dialog[open]")
    assert "Sales · Jan 2027: “about 5”" in dialog.inner_text()
    assert dialog.locator("[data-primary]").is_disabled()
    page.keyboard.press("Escape")
    assert _values(page, "sales") == [10, 20, 30, 40, 50, 60]
    assert page.evaluate("document.activeElement.id") == "mine"


def test_a_single_value_fills_the_selection(grid):
    page = grid()
    _select(page, "sales", 1)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    _paste(page, "77\r\n")
    page.keyboard.press("Enter")
    assert _values(page, "sales")[1:3] == [77, 77]
    assert _values(page, "north")[1:3] == [77, 77]


def test_copy_and_paste_through_the_real_clipboard(grid):
    page = grid()
    _select(page, "sales", 1)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n") == "20\t30\n2\t3"
    _select(page, "sales", 3)
    page.keyboard.press("Control+v")
    page.locator("dialog[open] [data-primary]").click()
    assert _values(page, "sales") == [10, 20, 30, 20, 30, 60]
    assert _values(page, "north") == [1, 2, 3, 2, 3, 6]


GROUPED = [_row(f"r{i:02d}", *[i] * 6, group=f"G{i // 5}") for i in range(60)]
NESTED = [
    _row(f"f{i}", *[0] * 6, editable=False, children=[_row(f"f{i}m{k}", *[k] * 6) for k in range(10)]) for i in range(6)
]


@pytest.mark.parametrize("top", [0, 15, 30, 45])
def test_paste_into_a_grouped_grid_hits_the_rows_on_the_screen(grid, top):
    page = grid(GROUPED, grouped=True, height=300)
    _select(page, f"r{top:02d}", 2)
    _paste(page, "\r\n".join(str(900 + i) for i in range(8)) + "\r\n")
    page.keyboard.press("Enter")
    changed = {row["key"]: _values(page, row["key"])[2] for row in GROUPED if _values(page, row["key"])[2] >= 900}
    assert changed == {f"r{top + i:02d}": 900 + i for i in range(8)}


def test_paste_into_a_tree_with_folded_branches_hits_the_rows_on_the_screen(grid):
    page = grid(NESTED, tree=True, height=300)
    page.evaluate("grid.table.getRow('f1').treeCollapse()")
    page.wait_for_timeout(50)
    _select(page, "f0m8", 2)
    _paste(page, "\n".join(str(900 + i) for i in range(6)))
    dialog = page.locator("dialog[open]")
    assert "2 read-only cells stay as they are." in dialog.inner_text()  # the heads f1 and f2
    page.keyboard.press("Enter")
    keys = [child["key"] for row in NESTED for child in row["children"]]
    changed = {key: _values(page, key)[2] for key in keys if _values(page, key)[2] >= 900}
    # on the screen: f0m8, f0m9, f1 (folded), f2, f2m0, f2m1
    assert changed == {"f0m8": 900, "f0m9": 901, "f2m0": 904, "f2m1": 905}


def test_offline_cells_wait_and_go_out_with_the_same_key(grid):
    page = grid()
    page.evaluate("window.answers = ['offline', 'offline']")
    _select(page, "sales", 1)
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('state').textContent.includes('Offline: 1 cell waits here')")
    assert page.evaluate("grid.isWaiting()")
    assert "dirty" in page.evaluate("grid.cellElement({row: 'sales', col: 1}).className")
    page.click("#state button")
    page.click("#state button")
    page.wait_for_function("document.getElementById('state').textContent.includes('Saved')")
    keys = [call["key"] for call in _calls(page)]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert not page.evaluate("grid.isWaiting()")


def test_a_refused_batch_shows_the_old_value_again_and_the_reason(grid):
    page = grid()
    page.evaluate("window.answers = [{refused: 'Demand is frozen since 5 Nov.'}]")
    _select(page, "north", 1)
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('state').textContent.includes('Demand is frozen since 5 Nov.')")
    assert _values(page, "north")[1] == 2
    assert _shown(page, "total", 1) == "3"


THEIRS = {"status": "conflict", "theirs": {"value": 28, "by": "Guo Tao", "at": "2026-11-04T02:11:00Z"}}


def test_a_conflict_is_settled_cell_by_cell(grid):
    page = grid()
    page.evaluate("theirs => { window.answers = [[theirs]]; }", THEIRS)
    _select(page, "sales", 1)
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('state').textContent.includes('changed by Guo Tao')")
    assert "cf" in page.evaluate("grid.cellElement({row: 'sales', col: 1}).className")
    page.click("#state button")
    assert page.locator("dialog[open] tbody td.num").all_inner_texts() == ["20", "25", "28"]
    page.click("dialog[open] [data-primary]")
    page.wait_for_function("document.getElementById('state').textContent.includes('Saved')")
    assert _calls(page)[1]["edits"][0] | {"value": 25, "base": 28} == _calls(page)[1]["edits"][0]
    assert _values(page, "sales")[1] == 25


def test_keeping_theirs_writes_nothing(grid):
    page = grid()
    page.evaluate("theirs => { window.answers = [[theirs]]; }", THEIRS)
    _select(page, "sales", 1)
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    page.click("#state button")
    page.click("dialog[open] footer .btn-s")
    assert _values(page, "sales")[1] == 28
    assert len(_calls(page)) == 1


def test_a_conflict_in_a_paste_holds_the_whole_paste_until_the_choice(grid):
    page = grid()
    page.evaluate("theirs => { window.answers = [[theirs, {status: 'refused'}]]; }", THEIRS)
    _select(page, "sales", 1)
    _paste(page, "25\t35")
    page.keyboard.press("Enter")
    page.click("#state button")
    assert "The other 1 cell of the block waits for your choice" in page.inner_text("dialog[open]")
    page.click("dialog[open] [data-primary]")
    page.wait_for_function("document.getElementById('state').textContent.includes('Saved')")
    again = _calls(page)[1]
    assert [(e["value"], e["base"]) for e in again["edits"]] == [(25, 28), (35, 30)]
    assert again["mode"] == "all_or_nothing"
    assert _values(page, "sales")[1:3] == [25, 35]


def test_a_large_change_asks_for_a_reason_and_can_be_cancelled(showcase):
    page = showcase
    page.evaluate("document.getElementById('grid').focus()")
    page.keyboard.type("9500")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    dialog.get_by_text("Split preview", exact=True).wait_for()
    assert "Sum +900, exact" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert page.inner_text("#grid .tabulator-cell.cur") == "8,600", "cancelled: back in the cell, nothing changed"
    page.keyboard.type("9500")
    page.keyboard.press("Enter")
    page.locator("dialog[open] textarea").fill("Ministry notice")
    page.keyboard.press("Control+Enter")
    page.wait_for_function("document.getElementById('save-state').textContent.includes('Saved')")
    assert "9,500" in page.inner_text("#grid")


def test_moving_is_announced_and_tab_can_leave(grid):
    page = grid()
    _select(page, "sales", 2)
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#say") == "Sales, Feb 2027, 40"
    active = page.get_attribute("#mine", "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "role") == "gridcell"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#mine')") is None


def test_every_key_has_a_menu_entry(grid):
    page = grid()
    _select(page, "sales", 2)
    page.keyboard.press("Shift+F10")
    entries = page.locator("[role=menu] [role=menuitem]").all_inner_texts()
    keys = [entry.split("\n")[-1] for entry in entries]
    assert keys == ["F2", "Ctrl C", "Ctrl V", "Ctrl D", "Ctrl R", "Del", "Ctrl Z", "Ctrl Y"]
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "mine"


def test_dragging_selects_and_a_double_click_edits(grid):
    page = grid()
    start, end = _middle(page, "sales", 1), _middle(page, "north", 3)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    assert page.evaluate("grid.selection.cells().length") == 6
    page.mouse.dblclick(*start)
    assert page.input_value(".cell-input") == "20"

// The visible twin of every key: tools above the grid and the menu at a cell.
import { el, icon } from "../dom.js";
import { gettext } from "../i18n.js";

export function commandTable(grid) {
  const clipboard = async () => navigator.clipboard?.writeText(grid.copy());
  const paste = async () => {
    const text = await navigator.clipboard?.readText().catch(() => null);
    if (text) await grid.paste(text);
    else grid.editor.say(gettext("The browser does not hand out the clipboard here. Press Ctrl V."));
  };
  return {
    list: [
      [gettext("Edit"), "F2", () => grid.editor.open()],
      [gettext("Copy"), "Ctrl C", clipboard],
      [gettext("Paste"), "Ctrl V", paste],
      [gettext("Fill down"), "Ctrl D", grid.fillDown],
      [gettext("Fill right"), "Ctrl R", grid.fillRight],
      [gettext("Clear to baseline"), "Del", () => grid.resetSelected()],
      ...(grid.options.passport ? [[gettext("Where this number comes from"), "Alt P", () => grid.passportHere()]] : []),
      ...(grid.options.comment ? [[gettext("Comment"), "Alt C", () => grid.commentHere()]] : []),
      ...(grid.options.lock ? [[gettext("Lock or unlock"), "Alt L", () => grid.lockSelected()]] : []),
      ...(grid.options.level
        ? [[gettext("Level up"), "Alt ↑", () => grid.level(-1)], [gettext("Level down"), "Alt ↓", () => grid.level(1)]]
        : []),
      [gettext("Undo"), "Ctrl Z", () => grid.undo()],
      [gettext("Redo"), "Ctrl Y", () => grid.redo()],
    ],
    menu: () => openAt(grid, grid.cellElement(grid.selection.cursor).getBoundingClientRect()),
  };
}

function items(grid, close) {
  return grid.commands.list.map(([label, keys, run]) =>
    el("button", {
      class: "dropdown-item",
      type: "button",
      role: "menuitem",
      onclick: () => {
        close();
        grid.focus();
        run();
      },
    }, label, el("span", { class: "sp" }), el("kbd", {}, keys)));
}

function openAt(grid, box) {
  const before = document.activeElement;
  const menu = el("div", { class: "pop cell-menu", role: "menu", "aria-label": gettext("Cell menu"), style: `position:fixed;left:${box.left}px;top:${box.bottom}px` });
  const close = () => {
    menu.remove();
    removeEventListener("mousedown", outside, true);
    before?.focus();
  };
  const outside = (event) => !menu.contains(event.target) && close();
  menu.append(...items(grid, close));
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.children];
    const at = all.indexOf(document.activeElement);
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (event.key === "ArrowDown") all[(at + 1) % all.length].focus();
    else if (event.key === "ArrowUp") all.at(at - 1).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(menu);
  const size = menu.getBoundingClientRect();
  menu.style.left = `${Math.min(box.left, innerWidth - size.width - 8)}px`;
  menu.style.top = `${Math.max(8, Math.min(box.bottom, innerHeight - size.height - 8))}px`;
  addEventListener("mousedown", outside, true);
  menu.firstElementChild.focus();
}

export function openCellMenu(grid, event) {
  const cell = event.target.closest(".tabulator-cell");
  if (!cell) return;
  event.preventDefault();
  openAt(grid, { left: event.clientX, bottom: event.clientY });
}

/** Undo, redo and the cell menu as buttons. */
export function mountTools(grid, holder) {
  const button = (name, title, run) =>
    el("button", { class: "icb", type: "button", title, "aria-label": title, onclick: run }, icon(name, { small: false }));
  const undo = button("undo-2", gettext("Undo (Ctrl Z)"), () => grid.undo());
  const redo = button("redo-2", gettext("Redo (Ctrl Y)"), () => grid.redo());
  const more = button("ellipsis", gettext("Cell menu (Shift F10)"), () => openAt(grid, more.getBoundingClientRect()));
  more.setAttribute("aria-haspopup", "menu");
  holder.replaceChildren(undo, redo, more);
  grid.drawHistory = () => {
    undo.disabled = !grid.history.canUndo;
    redo.disabled = !grid.history.canRedo;
  };
  grid.drawHistory();
}

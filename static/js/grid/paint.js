// How columns, rows and cells look. The cell's truth is in the model; this file only draws it.
import { iconMarkup } from "../dom.js";
import { number } from "../formats.js";
import { gettext } from "../i18n.js";

const isLarge = () => matchMedia("(min-width: 1700px)").matches;
const addresses = new WeakMap(); // cell element → {row, col}
let ids = 0;

export const addressOf = (element) => addresses.get(element);

function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function columnHead({ title, note }) {
  const head = node("div", "head", title);
  head.append(node("small", "", note || "\u00a0"));
  return head;
}

export function buildColumns(grid) {
  const [left = "", right = ""] = grid.options.heads ?? [];
  const title = node("div", "row-head");
  title.append(node("span", "nm", left), node("span", "own", right));
  const head = {
    title: left,
    titleFormatter: () => title,
    field: "key",
    frozen: true,
    width: isLarge() ? 250 : 212,
    formatter: (cell) => rowHead(cell, grid.model),
  };
  const months = grid.model.columns.map((column, col) => ({
    title: column.title,
    titleFormatter: () => columnHead(column),
    field: `m${col}`,
    hozAlign: "right",
    headerHozAlign: "right",
    width: grid.options.columnWidth ?? (isLarge() ? 78 : 68),
    formatter: (cell) => {
      // Tabulator puts the returned content in after this call; painting has to wait for that.
      const at = { row: cell.getRow().getData().key, col };
      queueMicrotask(() => paintCell(cell.getElement(), grid, at));
      return "";
    },
  }));
  return [head, ...months];
}

/** Where a row's figures come from; the department that answers for them as its title. */
function owner({ owner: source, department }) {
  const word = node("span", "own", source);
  if (department) word.title = department;
  return word;
}

function rowHead(cell, model) {
  const row = model.row(cell.getRow().getData().key);
  cell.getElement().setAttribute("role", "rowheader");
  const head = node("div", "row-head");
  head.append(node("span", "nm", row.label), owner(row));
  head.title = row.label;
  return head;
}

export function rowFormatter(row, model) {
  const data = model.row(row.getData().key);
  const element = row.getElement();
  element.classList.toggle("strong", Boolean(data?.strong));
  element.classList.toggle("rule", Boolean(data?.rule));
}

const MARKS = ["ed", "ro", "past", "lock", "dirty", "cf", "cur", "rng"];

/** Draw one cell anew: value, state, corner marks, cursor and range. */
export function paintCell(element, grid, at) {
  const { model, selection } = grid;
  const cell = model.cell(at);
  if (!cell || !element) return;
  addresses.set(element, at);
  const isPast = model.columns[at.col].kind === "past";
  const on = {
    past: isPast,
    lock: !isPast && cell.locked,
    ed: model.canEdit(at),
    ro: !isPast && !cell.locked && !model.canEdit(at),
    dirty: cell.waiting > 0 || cell.held,
    cf: Boolean(cell.conflict || cell.refused),
    cur: selection?.isCursor(at),
    rng: selection?.isInRange(at),
  };
  for (const mark of MARKS) element.classList.toggle(mark, Boolean(on[mark]));
  element.id ||= `cell-${++ids}`;
  element.setAttribute("aria-selected", String(Boolean(on.cur || on.rng)));
  element.setAttribute("aria-readonly", String(!on.ed));
  element.title = cell.refused ?? (typeof cell.comment === "string" ? cell.comment : "");
  element.innerHTML =
    (cell.missing ? '<i class="rs-f"></i>' : "") +
    (cell.comment ? '<i class="cm"></i>' : "") +
    (cell.locked ? `<span class="lk">${iconMarkup("lock", { label: gettext("locked") })}</span>` : "") +
    (cell.outside ? `<span class="out">${iconMarkup("triangle-alert", { label: gettext("outside the 80 % band") })}</span>` : "");
  const text = number(cell.value, model.decimals(at.row));
  element.append(cell.value ? text : node("span", "dim", text));
}

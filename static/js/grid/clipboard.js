// Copy for Excel, paste from Excel with a preview, fill. Targets are counted in display order.
import { announce } from "../dom.js";
import { parseNumber } from "../formats.js";
import { fill, gettext, ngettext } from "../i18n.js";
import { previewPaste } from "./dialogs.js";

/** The selected cells as text: tabs and CRLF, plain digits that Excel reads in any language. */
export function copyRange({ model, selection }) {
  const lines = new Map();
  for (const at of selection.cells()) {
    const { value } = model.cell(at);
    const text = value === null ? "" : value.toFixed(model.decimals(at.row));
    lines.set(at.row, [...(lines.get(at.row) ?? []), text]);
  }
  announce(fill(gettext("Copied %(n)s cells."), { n: selection.cells().length }));
  return [...lines.values()].map((line) => line.join("\t")).join("\r\n");
}

/** Excel's text → rows of fields. Excel ends the last line too; that empty line is not a row. */
export function parseTable(text) {
  return text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
}

/** Where each pasted field goes, and what stands against it. */
export function planPaste({ model, selection }, table) {
  const { area, order } = selection;
  const isSingle = table.length === 1 && table[0].length === 1;
  const height = isSingle ? area.bottom - area.top + 1 : table.length;
  const width = isSingle ? area.right - area.left + 1 : Math.max(...table.map((line) => line.length));
  const plan = { changes: [], unreadable: [], readOnly: 0, blank: 0, outside: 0 };
  for (let i = 0; i < height; i += 1) {
    for (let j = 0; j < width; j += 1) {
      const text = isSingle ? table[0][0] : (table[i][j] ?? "");
      const at = { row: order[area.top + i], col: area.left + j };
      if (at.row === undefined || at.col >= model.columns.length) {
        plan.outside += 1;
        continue;
      }
      const value = parseNumber(text);
      if (value === null) plan.blank += 1;
      else if (value === undefined || value < (model.row(at.row).minimum ?? 0)) plan.unreadable.push({ ...at, text });
      else if (!model.canEdit(at)) plan.readOnly += 1;
      else plan.changes.push({ ...at, value: Number(value.toFixed(model.decimals(at.row))), before: model.cell(at).value });
    }
  }
  plan.size = { height, width };
  return plan;
}

export async function pasteText(grid, text) {
  const table = parseTable(text);
  const plan = planPaste(grid, table);
  const isOneCell = plan.size.height * plan.size.width === 1;
  if (isOneCell && !plan.changes.length) {
    grid.editor.say(plan.unreadable.length ? fill(gettext("“%(text)s” is not a number."), { text }) : grid.model.whyNot(grid.selection.cursor));
    return;
  }
  if (!isOneCell && !(await previewPaste(grid, plan))) return grid.focus();
  grid.focus();
  const n = await grid.change(plan.changes, { kind: "paste", mode: isOneCell ? "partial" : "all_or_nothing" });
  announce(fill(ngettext("Pasted %(n)s cell.", "Pasted %(n)s cells.", n), { n }));
}

/** Ctrl D / Ctrl R: the first row (column) of the range goes into the rest; a single cell takes its neighbour. */
export async function fillRange(grid, direction) {
  const { model, selection } = grid;
  const { area, order } = selection;
  const isDown = direction === "down";
  const isSingle = isDown ? area.top === area.bottom : area.left === area.right;
  const source = isSingle ? (isDown ? area.top : area.left) - 1 : isDown ? area.top : area.left;
  if (source < 0) return;
  const changes = selection
    .cells()
    .filter(({ row, col }) => (isDown ? order.indexOf(row) : col) !== source)
    .map((at) => ({ ...at, value: model.cell(isDown ? { row: order[source], col: at.col } : { row: at.row, col: source }).value }))
    .filter((change) => change.value !== null);
  const n = await grid.change(changes, { kind: "fill", mode: "all_or_nothing" });
  announce(fill(ngettext("Filled %(n)s cell.", "Filled %(n)s cells.", n), { n }));
}

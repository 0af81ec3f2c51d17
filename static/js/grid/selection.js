// Cursor and range, always in the order the rows stand on the screen.
import { announce } from "../dom.js";
import { addressOf } from "./paint.js";

const clamp = (value, high) => Math.max(0, Math.min(value, high));

export class Selection {
  constructor(grid) {
    this.grid = grid;
    this.order = [];
    this.cursor = null;
    this.anchor = null;
    this.area = null; // {top, bottom, left, right} as positions
  }

  start() {
    const { element, options } = this.grid;
    const holder = element.querySelector(".tabulator-tableholder");
    holder.style.scrollPaddingLeft = `${element.querySelector(".tabulator-col.tabulator-frozen").offsetWidth}px`;
    this.refreshOrder();
    element.addEventListener("mousedown", (event) => this.#press(event));
    element.addEventListener("mouseover", (event) => this.isDragging && event.buttons === 1 && this.#to(this.#address(event), true));
    element.addEventListener("dblclick", (event) => this.#open(event), { capture: true });
    addEventListener("mouseup", () => (this.isDragging = false));
    const first = options.cursor ?? { row: this.order.find((key) => this.grid.model.row(key).editable) ?? this.order[0] };
    const col = first.month ? this.grid.model.columnOf(first.month) : this.grid.model.columns.findIndex((_, i) => this.grid.model.canEdit({ row: first.row, col: i }));
    if (first.row) this.set({ row: first.row, col: Math.max(0, col) }, { quiet: true });
    element.addEventListener("focus", () => announce(this.grid.describe(this.cursor)));
  }

  /** Row keys from top to bottom as shown: groups folded, trees collapsed, sorted, filtered. */
  refreshOrder() {
    this.order = this.grid.table
      .getRows("display")
      .filter((row) => row.getElement().matches(".tabulator-row:not(.tabulator-group):not(.tabulator-calcs)"))
      .map((row) => row.getData().key);
    if (this.cursor && !this.order.includes(this.cursor.row) && this.order.length) this.set({ row: this.order[0], col: this.cursor.col });
  }

  #address(event) {
    const cell = event.target.closest(".tabulator-cell");
    return (cell && addressOf(cell)) ?? null;
  }

  #press(event) {
    const at = this.#address(event);
    if (!at || event.button !== 0 || event.target.closest("input")) return;
    event.preventDefault(); // keep the focus on the grid, not on the cell's text
    if (!this.grid.editor.commit()) return;
    this.isDragging = true;
    this.#to(at, event.shiftKey);
    this.grid.focus();
  }

  #open(event) {
    if (!this.#address(event)) return;
    event.stopPropagation(); // Tabulator would select the cell's text, away from the field
    this.grid.editor.open();
  }

  set(at, { quiet = false } = {}) {
    this.anchor = at;
    this.#to(at, true, quiet);
  }

  #to(at, extend, quiet = false) {
    if (!at) return;
    const old = this.cells();
    if (!extend) this.anchor = at;
    this.cursor = at;
    const rows = [this.order.indexOf(this.anchor.row), this.order.indexOf(at.row)];
    const cols = [this.anchor.col, at.col];
    this.area = { top: Math.min(...rows), bottom: Math.max(...rows), left: Math.min(...cols), right: Math.max(...cols) };
    this.grid.repaint([...old, ...this.cells()]);
    this.#show(at, quiet);
  }

  #show(at, quiet) {
    const { grid } = this;
    const element = grid.cellElement(at);
    if (element) grid.element.setAttribute("aria-activedescendant", element.id);
    if (quiet) return;
    // scrollToRow draws all rows anew (slow, and a click in progress is lost): only for rows not drawn yet
    if (!element?.isConnected) grid.table.scrollToRow(at.row, "nearest", false).catch(() => {});
    element?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const column = grid.model.columns[at.col];
    grid.options.onMove?.({ row: at.row, label: grid.model.row(at.row).label, month: column.month, column: column.long });
    announce(grid.describe(at));
  }

  /** Move by rows and columns; `extend` keeps the other corner of the range. */
  move(rows, cols, { extend = false } = {}) {
    const top = this.order.length - 1;
    const row = this.order[clamp(this.order.indexOf(this.cursor.row) + rows, top)];
    this.#to({ row, col: clamp(this.cursor.col + cols, this.grid.model.columns.length - 1) }, extend);
  }

  /** Tab: next cell, next row at the end; false at the very end, so that the focus may leave the grid. */
  step(direction) {
    const last = this.grid.model.columns.length - 1;
    const at = this.order.indexOf(this.cursor.row);
    let col = this.cursor.col + direction;
    let row = at;
    if (col < 0 || col > last) {
      row += direction;
      col = direction > 0 ? 0 : last;
    }
    if (row < 0 || row >= this.order.length) return false;
    this.#to({ row: this.order[row], col }, false);
    return true;
  }

  isCursor = ({ row, col }) => this.cursor?.row === row && this.cursor.col === col;

  isInRange(at) {
    if (!this.area || (this.area.top === this.area.bottom && this.area.left === this.area.right)) return false;
    const row = this.order.indexOf(at.row);
    const { top, bottom, left, right } = this.area;
    return row >= top && row <= bottom && at.col >= left && at.col <= right;
  }

  /** The selected cells, row by row. */
  cells() {
    if (!this.area) return [];
    const { top, bottom, left, right } = this.area;
    return this.order.slice(top, bottom + 1).flatMap((row) => Array.from({ length: right - left + 1 }, (_, i) => ({ row, col: left + i })));
  }

  selectAll() {
    this.anchor = { row: this.order[0], col: 0 };
    this.#to({ row: this.order.at(-1), col: this.grid.model.columns.length - 1 }, true);
  }

  paint() {
    this.grid.repaint(this.cells());
  }
}

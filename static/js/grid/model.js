// What the grid knows: rows, months, cells; what may be edited; what waits, conflicts or was refused.
import { monthHeads, monthLong } from "../formats.js";
import { gettext } from "../i18n.js";

const asCell = (cell) => {
  const given = cell !== null && typeof cell === "object" ? cell : { value: cell };
  return { ...given, value: given.value ?? null, base: given.value ?? null, waiting: given.dirty ? 1 : 0 };
};

export class GridModel {
  constructor({ columns, rows, decimals = 0 }) {
    const titles = monthHeads(columns.map((c) => c.month));
    this.columns = columns.map((c, i) => ({ ...c, title: c.title ?? titles[i], long: monthLong(c.month) }));
    this.usualDecimals = decimals;
    this.load(rows);
  }

  load(rows) {
    this.top = rows;
    this.byKey = new Map();
    this.sums = new Map(); // part → keys of its sums
    const visit = (list) => {
      for (const row of list) {
        this.byKey.set(row.key, { ...row, cells: this.columns.map((_, i) => asCell(row.cells[i] ?? null)) });
        for (const part of row.sum ?? []) this.sums.set(part, [...(this.sums.get(part) ?? []), row.key]);
        if (row.children) visit(row.children);
      }
    };
    visit(rows);
  }

  /** Rows as Tabulator wants them: keys and labels only, the numbers stay here. */
  tree(rows = this.top) {
    return rows.map((row) => ({
      key: row.key,
      group: row.group ?? "",
      ...(row.children?.length ? { _children: this.tree(row.children) } : {}),
    }));
  }

  row = (key) => this.byKey.get(key);
  cell = ({ row, col }) => this.byKey.get(row)?.cells[col];
  decimals = (key) => this.row(key).decimals ?? this.usualDecimals;
  columnOf = (month) => this.columns.findIndex((c) => c.month === month);

  canEdit(at) {
    const cell = this.cell(at);
    if (!cell || cell.locked || cell.editable === false) return false;
    return Boolean(this.row(at.row).editable && this.columns[at.col].kind !== "past");
  }

  /** Why a cell cannot be typed into, in words. */
  whyNot(at) {
    const cell = this.cell(at);
    if (cell.why) return cell.why;
    if (cell.locked) return gettext("This cell is locked. Unlock it with Alt L.");
    if (this.columns[at.col].kind === "past") return gettext("The past cannot be changed.");
    return this.row(at.row).why ?? gettext("This row is read only.");
  }

  isEqual(at, value) {
    return value !== null && this.cell(at).value === value;
  }

  /** The state of a cell in words, for screen readers. */
  words(at) {
    const cell = this.cell(at);
    return [
      cell.conflict && gettext("conflict"),
      cell.refused && gettext("not saved"),
      (cell.waiting > 0 || cell.held) && gettext("changed, not saved yet"),
      cell.locked && gettext("locked"),
      !this.canEdit(at) && !cell.locked && gettext("read only"),
      cell.outside && gettext("outside the 80 % band"),
      cell.missing && gettext("reason is missing"),
      cell.comment && gettext("has a comment"),
    ].filter(Boolean);
  }

  // Edits ------------------------------------------------------------------------------------------------------
  edit({ row, col, value }) {
    return { row, month: this.columns[col].month, value, base: this.cell({ row, col }).base };
  }

  /** A person's change, shown at once; returns the addresses of sums that follow. */
  take({ row, col, value, shown }) {
    const cell = this.cell({ row, col });
    cell.value = value === null ? (shown ?? null) : value;
    cell.base = value;
    cell.waiting += 1;
    cell.conflict = cell.refused = cell.held = null;
    return this.#follow(row, col);
  }

  #follow(row, col) {
    return (this.sums.get(row) ?? []).flatMap((key) => {
      const parts = this.row(key).sum.map((part) => this.cell({ row: part, col }).value);
      this.cell({ row: key, col }).value = parts.every((v) => v === null) ? null : parts.reduce((a, v) => a + (v ?? 0), 0);
      return [{ row: key, col }, ...this.#follow(key, col)];
    });
  }

  /**
   * The server's answer for a batch. Returns the addresses to paint. When an all-or-nothing block met a conflict,
   * none of it is saved: its other cells keep what was typed and wait for the choice.
   */
  settle(batch, results) {
    const isHeld = batch.mode === "all_or_nothing" && results.some((r) => r.status === "conflict");
    return batch.cells.flatMap(({ row, col, before }, i) => {
      const cell = this.cell({ row, col });
      if (!cell) return [];
      const { status, value, theirs, message } = results[i] ?? { status: "refused" };
      const { base, value: mine } = batch.edits[i];
      cell.waiting = Math.max(0, cell.waiting - 1);
      if (status === "conflict") {
        cell.conflict = { before: base, mine, ...theirs, theirs: theirs?.value ?? null };
        cell.base = cell.conflict.theirs;
      } else if (isHeld) {
        Object.assign(cell, { held: { value: mine, before }, base });
      } else if (status === "applied") {
        if (!cell.waiting && value !== undefined && value !== null) cell.value = cell.base = value;
      } else {
        Object.assign(cell, { refused: message || gettext("not accepted"), base, value: before });
      }
      return [{ row, col }, ...this.#follow(row, col)];
    });
  }

  /** The whole batch was refused: every cell shows again what it showed before. */
  revert(batch) {
    return batch.cells.flatMap(({ row, col, before }, i) => {
      const cell = this.cell({ row, col });
      if (!cell) return [];
      cell.waiting = Math.max(0, cell.waiting - 1);
      cell.base = batch.edits[i].base;
      cell.value = before;
      return [{ row, col }, ...this.#follow(row, col)];
    });
  }

  #where(test) {
    return [...this.byKey].flatMap(([row, { cells }]) => cells.flatMap((cell, col) => (test(cell) ? [{ row, col, cell }] : [])));
  }

  conflicts() {
    return this.#where((cell) => cell.conflict).map(({ row, col, cell }) => ({ row, col, ...cell.conflict }));
  }

  refusals() {
    return this.#where((cell) => cell.refused).map(({ row, col, cell }) => ({ row, col, message: cell.refused }));
  }

  held() {
    return this.#where((cell) => cell.held).map(({ row, col, cell }) => ({ row, col, value: cell.held.value }));
  }

  /** Held cells show their saved value again, so that sending them counts as a change. */
  release(held) {
    for (const at of held) {
      const cell = this.cell(at);
      cell.value = cell.held.before;
      cell.held = null;
    }
    return held;
  }

  /** Put the other person's values in; a choice for "mine" is then an ordinary edit on top of them. */
  acceptTheirs(conflicts) {
    return conflicts.flatMap(({ row, col, theirs }) => {
      const cell = this.cell({ row, col });
      cell.value = cell.base = theirs;
      cell.conflict = null;
      return [{ row, col }, ...this.#follow(row, col)];
    });
  }

  patch(row, col, { month: _month, row: _row, ...fresh }) {
    const cell = this.cell({ row, col });
    if (!cell) return [];
    const { value, ...marks } = fresh;
    Object.assign(cell, marks);
    if (value !== undefined && !cell.waiting) cell.value = cell.base = value;
    return [{ row, col }, ...this.#follow(row, col)];
  }
}

/*
The planner's month grid: Tabulator draws rows, frozen head, groups and trees; editing is ours, on display
order (Tabulator's own range paste writes to wrong rows of a grouped grid and is never switched on).

    import { createGrid } from "./grid.js";
    import { planSaver } from "./grid/plan.js";

    const grid = createGrid(document.getElementById("grid"), {
      label: "Demand by stream and month, vehicles",      // for screen readers
      heads: ["Stream", "Owner"],                          // left and right words of the row head
      columns: [{ month: 24322, note: "frozen", kind: "past" }],
                  // month: absolute; title: optional, else from month; note: second line; kind: "past" greys it
      rows: [{
        key: "consensus", label: "Consensus demand", owner: "Demand",
        department: "Sales",                               // title of the owner: who answers for the row
        editable: true,                                    // default false
        why: "Only demand planning edits this row",        // said when a read-only cell is typed into
        strong: true, rule: true,                          // bold between strong lines; strong line above
        group: "Streams",                                  // with options.grouped
        children: [row, …],                                // with options.tree
        decimals: 0,
        sum: ["north", "south"],                           // recalculated here while its parts are edited
        cells: [5690, null, { value: 5690, editable: false, locked: true, why: "…", comment: "text",
                              missing: true, outside: true, dirty: true }],
                  // a number, null (undefined: –), or an object: missing = reason is missing (ochre corner),
                  // comment = blue corner, outside = outside the 80 % band (triangle)
      }],
      save: planSaver("/api/v1/plans/12/cells:batch", (edit) => ({ measure: edit.row, product: "E7", org: "CN" })),
                  // save(edits, {mode, key, source}) → Promise<{results: [{status, value, message?, theirs?}]}>
                  // edits: [{row, month, value, base, reason?, cause?, comment?, spread?}]
                  // status: applied | conflict (theirs: {value, by, at, reason?}) | refused (message)
                  // throw Refused(message) when the whole batch is refused for good; anything else is retried
                  // with the same key until it gets through
      needsReason: (edits) => true,                        // opens the reason popover; default never
      reasons: [{ code, label }], causes: [{ code, label }],
      preview: (edit) => Promise<{ rule, leaves: [{ label, before, after, locked }] }>,   // split preview
      reset: (row, month) => 6220,                         // what a cell shows after Del; default: –
      passport: (row, month, element) => …,                // Alt P: where the cell's figure comes from
      notes: [{ code, label }],                            // kinds of comment to choose from
      advice: (edits) => Promise<[{ tone, text }]>,        // said in the reason popover
      comment: (row, month, text, kind) => Promise, lock: (cells, locked) => Promise,           // Alt C, Alt L
      level: (step) => …,                                  // Alt ↑ ↓
      onMove: ({ row, column, label, month }) => …,        // cursor moved
      onEdit: (edits) => …,                                // after a local change, before it is saved
      onSaved: (edits, answer) => …,
      height: 404, decimals: 0, grouped: false, tree: false, tools: element, saveState: element,
    });

    grid.setRows(rows); grid.patch([{ row, month, value, … }]); grid.select(row, month); grid.compare();
    grid.value(row, month); grid.isWaiting(); grid.undo(); grid.redo(); grid.destroy();

Keys: arrows, Tab, Enter save and move; typing or F2 edits; Esc cancels; Shift+arrows select; Ctrl C/V, Ctrl D/R,
Ctrl Z/Y, Del, Alt C, Alt L, Alt P, Alt ↑↓. Each has an entry in the cell menu (right click, Shift F10, or the tools).
*/
import { TabulatorFull as Tabulator } from "../vendor/tabulator_esm.min.mjs";
import { announce } from "./dom.js";
import { number } from "./formats.js";
import { fill, gettext } from "./i18n.js";
import { copyRange, pasteText, fillRange } from "./grid/clipboard.js";
import { commandTable, mountTools, openCellMenu } from "./grid/commands.js";
import { askComment, askReason, showConflicts } from "./grid/dialogs.js";
import { CellEditor } from "./grid/editor.js";
import { History } from "./grid/history.js";
import { listenToKeys } from "./grid/keys.js";
import { GridModel } from "./grid/model.js";
import { buildColumns, paintCell, rowFormatter } from "./grid/paint.js";
import { Saver } from "./grid/saving.js";
import { Selection } from "./grid/selection.js";

export { Refused } from "./grid/saving.js";

export function createGrid(element, options) {
  return new Grid(element, options);
}

class Grid {
  constructor(element, options) {
    this.options = options;
    this.element = element;
    this.model = new GridModel(options);
    this.history = new History();
    this.lastReason = {};
    element.classList.add("sop-grid");
    this.table = new Tabulator(element, {
      data: this.model.tree(),
      index: "key",
      layout: "fitData",
      height: options.height,
      movableColumns: false,
      headerSortClickElement: "icon",
      columnDefaults: { headerSort: false, resizable: false },
      rowFormatter: (row) => rowFormatter(row, this.model),
      groupBy: options.grouped ? "group" : false,
      dataTree: Boolean(options.tree),
      dataTreeStartExpanded: true,
      columns: buildColumns(this),
    });
    this.selection = new Selection(this);
    this.editor = new CellEditor(this);
    this.saver = new Saver({
      save: options.save ?? (async (edits) => ({ results: edits.map((e) => ({ status: "applied", value: e.value })) })),
      state: options.saveState,
      settled: (batch, answer) => this.#settle(batch, answer),
      refused: (batch, message) => this.#refuse(batch, message),
      compare: () => this.compare(),
    });
    this.commands = commandTable(this);
    this.table.on("tableBuilt", () => this.#built());
    for (const change of ["dataTreeRowExpanded", "dataTreeRowCollapsed", "groupVisibilityChanged"]) {
      this.table.on(change, () => this.selection.refreshOrder());
    }
  }

  #built() {
    this.element.tabIndex = 0;
    this.element.setAttribute("aria-label", this.options.label ?? "");
    this.element.setAttribute("aria-multiselectable", "true");
    this.#arrangeRoles();
    listenToKeys(this);
    this.element.addEventListener("contextmenu", (event) => openCellMenu(this, event));
    if (this.options.tools) mountTools(this, this.options.tools);
    this.selection.start();
    this.isReady = true;
  }

  /** One tab stop and a clean grid role: Tabulator nests row groups and makes its scrolling part a second stop. */
  #arrangeRoles() {
    const holder = this.element.querySelector(".tabulator-tableholder");
    holder.setAttribute("role", "rowgroup");
    holder.firstElementChild.setAttribute("role", "presentation");
    this.element.querySelector(".tabulator-header-contents").setAttribute("role", "presentation");
    this.element.querySelector(".tabulator-headers").setAttribute("role", "row");
    holder.addEventListener("focus", () => this.focus());
    this.element.addEventListener("focus", () => (holder.tabIndex = -1));
    this.element.addEventListener("blur", () => (holder.tabIndex = 0));
  }

  // Reading ---------------------------------------------------------------------------------------------------
  value(row, month) {
    return this.model.cell({ row, col: this.model.columnOf(month) })?.value ?? null;
  }

  isWaiting() {
    return this.saver.count() > 0;
  }

  // Writing: every change of a person goes through here, as one block --------------------------------------------
  /**
   * changes: [{row, col, value}]. Read-only targets and equal values are left out. `kind`: typing | paste |
   * fill | reset | undo | redo | choice. Resolves to the number of changed cells; 0 when cancelled.
   */
  async change(changes, { kind = "typing", mode = "partial", meta = null } = {}) {
    const block = changes
      .filter((c) => this.model.canEdit(c) && !this.model.isEqual(c, c.value))
      .map((c) => ({ ...c, before: this.model.cell(c).value }));
    if (!block.length) return 0;
    let extra = meta ?? this.lastReason;
    const edits = block.map((c) => this.model.edit(c));
    const asks = kind !== "undo" && kind !== "redo" && kind !== "choice" && this.options.needsReason?.(edits);
    if (asks) {
      const answer = await askReason(this, block, edits);
      if (!answer) {
        this.selection.set(block[0]);
        this.focus();
        return 0;
      }
      this.lastReason = { reason: answer.reason, cause: answer.cause };
      extra = answer;
      this.focus();
    }
    if (kind !== "undo" && kind !== "redo") this.history.push(block, extra);
    this.#send(block, extra, { kind, mode });
    return block.length;
  }

  #send(block, extra, { kind, mode }) {
    const edits = block.map((c) => ({ ...this.model.edit(c), ...extra }));
    const derived = block.flatMap((c) => this.model.take(c));
    this.repaint([...block, ...derived]);
    this.options.onEdit?.(edits);
    this.saver.add({ edits, cells: block, mode, source: kind });
    this.drawHistory?.();
  }

  undo() {
    this.#step(this.history.undo(), "undo");
  }

  redo() {
    this.#step(this.history.redo(), "redo");
  }

  async #step(block, kind) {
    if (!block) return announce(kind === "undo" ? gettext("Nothing to undo.") : gettext("Nothing to redo."));
    const changes = block.cells.map((c) => ({ row: c.row, col: c.col, value: kind === "undo" ? c.before : c.value, shown: c.shown }));
    const n = await this.change(changes, { kind, meta: block.extra });
    this.selection.set(changes[0]);
    announce(fill(kind === "undo" ? gettext("Undone: %(n)s cells.") : gettext("Redone: %(n)s cells."), { n }));
    this.drawHistory?.();
  }

  resetSelected() {
    const changes = this.selection.cells().map((c) => ({ ...c, value: null, shown: this.#resetValue(c) }));
    return this.change(changes, { kind: "reset" });
  }

  #resetValue({ row, col }) {
    return this.options.reset?.(row, this.model.columns[col].month) ?? null;
  }

  copy = () => copyRange(this);
  paste = (text) => pasteText(this, text);
  fillDown = () => fillRange(this, "down");
  fillRight = () => fillRange(this, "right");

  async commentHere() {
    const at = this.selection.cursor;
    const cell = this.model.cell(at);
    if (!this.options.comment || !cell) return;
    const note = await askComment(this, at, cell.comment ?? "");
    if (note === null) return this.focus();
    await this.options.comment(at.row, this.model.columns[at.col].month, note.text, note.kind);
    cell.comment = note.text;
    this.repaint([at]);
    this.focus();
  }

  passportHere() {
    const at = this.selection.cursor;
    if (!this.options.passport || !this.model.cell(at)) return;
    this.options.passport(at.row, this.model.columns[at.col].month, this.cellElement(at));
  }

  async lockSelected() {
    if (!this.options.lock) return;
    const cells = this.selection.cells();
    const locked = !this.model.cell(cells[0]).locked;
    await this.options.lock(cells.map((c) => ({ row: c.row, month: this.model.columns[c.col].month })), locked);
    for (const at of cells) this.model.cell(at).locked = locked;
    this.repaint(cells);
    announce(locked ? gettext("Locked.") : gettext("Unlocked."));
  }

  level = (step) => this.options.level?.(step);

  // Answers of the server ------------------------------------------------------------------------------------------
  #settle(batch, answer) {
    const touched = this.model.settle(batch, answer.results);
    this.repaint(touched);
    this.options.onSaved?.(batch.edits, answer);
    const conflicts = this.model.conflicts();
    this.saver.report({ conflicts, refused: this.model.refusals() });
    if (conflicts.length) announce(this.saver.text(), { urgent: true });
  }

  #refuse(batch, message) {
    this.repaint(this.model.revert(batch));
    announce(message, { urgent: true });
  }

  /** Before, mine, theirs, cell by cell. Cells of an all-or-nothing block that wait for the choice go with it. */
  async compare() {
    const conflicts = this.model.conflicts();
    if (!conflicts.length) return;
    const held = this.model.held();
    const choice = await showConflicts(this, conflicts, held.length);
    this.focus();
    if (!choice) return;
    this.repaint(this.model.acceptTheirs(conflicts));
    const mine = conflicts.filter((_, i) => choice[i] === "mine").map((c) => ({ row: c.row, col: c.col, value: c.mine }));
    this.repaint(this.model.release(held));
    await this.change([...mine, ...held], { kind: "choice", mode: held.length ? "all_or_nothing" : "partial", meta: this.lastReason });
    this.saver.report({ conflicts: this.model.conflicts(), refused: [] });
  }

  // Showing ------------------------------------------------------------------------------------------------------
  rowElement(key) {
    return this.table.getRow(key);
  }

  cellElement({ row, col }) {
    const found = this.table.getRow(row);
    return found ? found.getCell(`m${col}`)?.getElement() : null;
  }

  repaint(addresses) {
    for (const at of addresses) {
      const node = this.cellElement(at);
      if (node) paintCell(node, this, at);
    }
  }

  /** What a screen reader hears about a cell, and what the page shows as address. */
  describe(at) {
    const cell = this.model.cell(at);
    const row = this.model.row(at.row);
    const words = [row.label, this.model.columns[at.col].long, number(cell.value, this.model.decimals(at.row)), ...this.model.words(at)];
    return words.filter(Boolean).join(", ");
  }

  focus() {
    this.element.focus({ preventScroll: true });
  }

  select(row, month) {
    this.selection.set({ row, col: this.model.columnOf(month) });
  }

  /** Another place in the plan: its undo starts empty, because blocks name rows and months only. */
  setRows(rows) {
    this.model.load(rows);
    this.history = new History();
    this.drawHistory?.();
    return this.table.replaceData(this.model.tree()).then(() => this.selection.refreshOrder());
  }

  /** Newer values from elsewhere: [{row, month, …cell}]; cells that wait to be saved keep the typed value. */
  patch(cells) {
    this.repaint(cells.flatMap((c) => this.model.patch(c.row, this.model.columnOf(c.month), c)));
  }

  destroy() {
    this.saver.stop();
    this.table.destroy();
  }
}

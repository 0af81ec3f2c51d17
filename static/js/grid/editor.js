// The field that opens over a cell: by typing (replaces) or F2 (keeps the value).
import { announce, el } from "../dom.js";
import { number, parseNumber } from "../formats.js";
import { fill, gettext } from "../i18n.js";

export class CellEditor {
  constructor(grid) {
    this.grid = grid;
    this.input = null;
  }

  get isOpen() {
    return this.input !== null;
  }

  open({ text = null } = {}) {
    const { grid } = this;
    const at = grid.selection.cursor;
    if (!grid.model.canEdit(at)) return this.say(grid.model.whyNot(at));
    const element = grid.cellElement(at);
    const box = element.getBoundingClientRect();
    const frame = grid.element.getBoundingClientRect();
    const value = grid.model.cell(at).value;
    this.at = at;
    this.input = el("input", {
      class: "cell-input",
      inputmode: "decimal",
      autocomplete: "off",
      "aria-label": grid.describe(at),
      style: `left:${box.left - frame.left}px;top:${box.top - frame.top}px;width:${box.width}px;height:${box.height}px`,
      onkeydown: (event) => this.#key(event),
      onblur: () => this.commit(),
    });
    this.input.value = text ?? (value === null ? "" : number(value, grid.model.decimals(at.row)).replace("−", "-"));
    grid.element.append(this.input);
    this.input.focus();
    if (text === null) this.input.select();
  }

  #key(event) {
    const moves = { Enter: [event.shiftKey ? -1 : 1, 0], Tab: "tab", ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (event.key === "Escape") {
      this.cancel();
    } else if (moves[event.key]) {
      if (this.commit()) {
        if (event.key === "Tab") this.grid.selection.step(event.shiftKey ? -1 : 1);
        else this.grid.selection.move(...moves[event.key]);
      }
    } else {
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Take the typed text. False when it is not a number: the field stays open and keeps the text. */
  commit() {
    if (!this.input) return true;
    const { grid, at } = this;
    const value = parseNumber(this.input.value);
    const problem = this.#problem(value);
    if (problem) {
      this.input.classList.add("wrong");
      this.input.setAttribute("aria-invalid", "true");
      this.say(problem);
      return false;
    }
    this.#close();
    if (value === null) grid.resetSelected();
    else grid.change([{ ...at, value }]);
    return true;
  }

  #problem(value) {
    if (value === undefined) return gettext("Write a number, for example 5,690.");
    if (value === null) return "";
    const decimals = this.grid.model.decimals(this.at.row);
    const { minimum = 0 } = this.grid.model.row(this.at.row);
    if (value < minimum) return fill(gettext("The smallest value here is %(minimum)s."), { minimum: number(minimum) });
    if (Math.abs(value) > 1e12) return gettext("This is more than a plan can hold.");
    if (Number(value.toFixed(decimals)) !== value) {
      return decimals ? fill(gettext("At most %(n)s decimals."), { n: decimals }) : gettext("Whole units only.");
    }
    return "";
  }

  cancel() {
    this.#close();
  }

  #close() {
    const { input } = this;
    this.input = null; // before remove(): blur must not commit again
    input?.remove();
    this.note?.remove();
    this.grid.focus();
  }

  /** A word at the cursor, e.g. why the cell is read only; gone with the next key. */
  say(text) {
    this.note?.remove();
    const element = this.grid.cellElement(this.grid.selection.cursor);
    const box = element.getBoundingClientRect();
    const frame = this.grid.element.getBoundingClientRect();
    this.note = el("div", { class: "cell-say", style: `left:${box.left - frame.left}px;top:${box.bottom - frame.top + 3}px` }, text);
    this.grid.element.append(this.note);
    announce(text, { urgent: true });
    addEventListener("keydown", () => !this.isOpen && this.note?.remove(), { once: true });
    addEventListener("mousedown", () => this.note?.remove(), { once: true });
  }
}

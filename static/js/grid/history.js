// Undo and redo of whole blocks: one entry is one typing, paste, fill or reset.
const LONGEST = 200;

export class History {
  constructor() {
    this.done = [];
    this.undone = [];
  }

  /** cells: [{row, col, before, value}]; extra: the reason they were saved with. */
  push(cells, extra) {
    this.done.push({ cells, extra });
    if (this.done.length > LONGEST) this.done.shift();
    this.undone = [];
  }

  undo() {
    const block = this.done.pop();
    if (block) this.undone.push(block);
    return block;
  }

  redo() {
    const block = this.undone.pop();
    if (block) this.done.push(block);
    return block;
  }

  get canUndo() {
    return this.done.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }
}

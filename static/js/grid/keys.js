// The keyboard of the grid, as planners know it from Excel.

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const FAR = 1_000_000;

export function listenToKeys(grid) {
  grid.element.addEventListener("keydown", (event) => onKey(grid, event));
  // copy and paste as events: they carry the clipboard without asking for permission
  grid.element.addEventListener("copy", (event) => {
    if (grid.editor.isOpen) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", grid.copy());
  });
  grid.element.addEventListener("paste", (event) => {
    if (grid.editor.isOpen) return;
    event.preventDefault();
    grid.paste(event.clipboardData.getData("text/plain"));
  });
}

function onKey(grid, event) {
  if (event.target !== grid.element) return;
  const handled = event.ctrlKey || event.metaKey ? withControl(grid, event) : event.altKey ? withAlt(grid, event) : plain(grid, event);
  if (handled) {
    event.preventDefault();
    event.stopPropagation();
  }
}

function withControl(grid, event) {
  const key = event.key.toLowerCase();
  const commands = { d: "fillDown", r: "fillRight", y: "redo", z: event.shiftKey ? "redo" : "undo" };
  if (ARROWS[event.key]) {
    const [rows, cols] = ARROWS[event.key];
    grid.selection.move(rows * FAR, cols * FAR, { extend: event.shiftKey });
  } else if (key === "home") grid.selection.move(-FAR, -FAR, { extend: event.shiftKey });
  else if (key === "end") grid.selection.move(FAR, FAR, { extend: event.shiftKey });
  else if (key === "a") grid.selection.selectAll();
  else if (commands[key]) grid[commands[key]]();
  else return false;
  return true;
}

function withAlt(grid, event) {
  // event.code: with Alt held, some layouts give another character
  if (event.code === "KeyC") grid.commentHere();
  else if (event.code === "KeyL") grid.lockSelected();
  else if (event.code === "KeyP") grid.passportHere();
  else if (event.key === "ArrowUp") grid.level(-1);
  else if (event.key === "ArrowDown") grid.level(1);
  else return false;
  return true;
}

function plain(grid, event) {
  const { key, shiftKey } = event;
  if (ARROWS[key]) grid.selection.move(...ARROWS[key], { extend: shiftKey });
  else if (key === "Enter") grid.selection.move(shiftKey ? -1 : 1, 0);
  else if (key === "Tab") return !grid.isLeaving && grid.selection.step(shiftKey ? -1 : 1);
  else if (key === "Escape") {
    grid.isLeaving = true; // the next Tab leaves the grid: no keyboard trap
    grid.element.addEventListener("blur", () => (grid.isLeaving = false), { once: true });
    return true;
  } else if (key === "Home") grid.selection.move(0, -FAR, { extend: shiftKey });
  else if (key === "End") grid.selection.move(0, FAR, { extend: shiftKey });
  else if (key === "PageUp" || key === "PageDown") grid.selection.move(key === "PageUp" ? -10 : 10, 0, { extend: shiftKey });
  else if (key === "F2") grid.editor.open();
  else if (key === "Delete" || key === "Backspace") grid.resetSelected();
  else if (key === "ContextMenu" || (key === "F10" && shiftKey)) grid.commands.menu();
  else if (/^[-+.\d０-９]$/.test(key)) grid.editor.open({ text: key });
  else return false;
  if (key !== "Tab") grid.isLeaving = false;
  return true;
}

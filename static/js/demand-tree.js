// The tree beside the grid: opens node by node, shows one month's value and a sign where something is odd.
import { el, icon } from "./dom.js";
import { number } from "./formats.js";
import { gettext } from "./i18n.js";

const FLAGS = {
  outside: { tone: "warn", text: () => gettext("outside the 80 % band in the next 6 months") },
  below_orders: { tone: "bad", text: () => gettext("consensus below the orders in hand") },
  empty: { tone: "warn", text: () => gettext("nothing planned in the next 6 months") },
};

/** nodes: [{code, label, depth, value, flag, has_children, is_open, is_here}] in reading order. */
export function createTree(element, { nodes, side, load, choose, heads, title }) {
  let lines = nodes;

  function draw() {
    title.textContent = heads[side()];
    element.replaceChildren(...lines.map(line));
  }

  function line(node) {
    const flag = FLAGS[node.flag];
    return el("a", {
      href: `?${side()}=${encodeURIComponent(node.code)}`, role: "treeitem", class: node.is_here ? "on" : "", "data-code": node.code,
      "aria-level": node.depth + 1, "aria-selected": String(node.is_here), ...(node.has_children ? { "aria-expanded": String(node.is_open) } : {}),
      tabindex: node.is_here ? 0 : -1, style: `padding-left:${4 + node.depth * 13}px`, title: node.label, onclick: (event) => click(event, node),
    },
    el("span", { class: "toggle", "data-toggle": node.has_children ? "true" : false }, node.has_children ? icon(node.is_open ? "chevron-down" : "chevron-right") : ""),
    el("span", { class: "nm" }, node.label),
    flag ? el("span", { class: flag.tone, title: flag.text() }, icon("triangle-alert", { label: flag.text() })) : "",
    el("span", { class: "n" }, node.flag === "empty" ? "–" : number(node.value, 0)));
  }

  function click(event, node) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.target.closest("[data-toggle=true]")) toggle(node);
    else choose(node.code);
  }

  async function toggle(node) {
    const from = lines.indexOf(node);
    if (node.is_open) {
      let to = from + 1;
      while (to < lines.length && lines[to].depth > node.depth) to += 1;
      lines.splice(from + 1, to - from - 1);
    } else {
      const children = await load(node.code);
      lines.splice(from + 1, 0, ...children.map((child) => ({ ...child, depth: node.depth + 1 })));
    }
    node.is_open = !node.is_open;
    draw();
    focus(node.code);
  }

  const focus = (code) => element.querySelector(`[data-code="${CSS.escape(code)}"]`)?.focus();

  element.addEventListener("keydown", (event) => {
    const i = lines.findIndex((node) => node.code === event.target.dataset.code);
    const node = lines[i];
    if (!node) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) focus(lines[Math.max(0, Math.min(lines.length - 1, i + move))].code);
    else if (event.key === "ArrowRight" && node.has_children && !node.is_open) toggle(node);
    else if (event.key === "ArrowLeft" && node.is_open) toggle(node);
    else if (event.key === "Enter" || event.key === " ") choose(node.code);
    else return;
    event.preventDefault();
  });

  draw();
  return {
    /** Newer values and flags; what is open stays open unless `afresh`. */
    async reload({ afresh = false } = {}) {
      const open = new Set(afresh ? [] : lines.filter((node) => node.is_open).map((node) => node.code));
      lines = await load();
      for (let i = 0; i < lines.length; i += 1) {
        const node = lines[i];
        if (!node.is_open && open.has(node.code)) {
          const children = await load(node.code);
          lines.splice(i + 1, 0, ...children.map((child) => ({ ...child, depth: node.depth + 1 })));
          node.is_open = true;
        }
      }
      draw();
    },
    /** Up: the parent of the place; down: its first child. */
    async step(direction) {
      const here = lines.findIndex((node) => node.is_here);
      if (here < 0) return;
      if (direction < 0) {
        const parent = lines.slice(0, here).findLast((node) => node.depth < lines[here].depth);
        if (parent) choose(parent.code);
        return;
      }
      if (!lines[here].is_open && lines[here].has_children) await toggle(lines[here]);
      const child = lines[here + 1];
      if (child && child.depth > lines[here].depth) choose(child.code);
    },
  };
}

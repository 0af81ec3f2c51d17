// What every chart shares: token colours, quiet layout, redraw on resize and theme, a table as its twin.
import { el, icon, token } from "../dom.js";
import { gettext } from "../i18n.js";

const redraws = new WeakMap(); // element → its redraw: drawing twice into one element keeps one observer
const drawn = []; // {element, draw} of the page, to be drawn once more for paper
const CONFIG = { displayModeBar: false, responsive: false };

/** Type size of axes and labels, in px; one step larger for meetings. */
export const size = () => Math.round(parseFloat(token("--fs-micro")));

export const solid = (name) => ({ color: token(name), line: { width: 0 } });
export const outline = () => ({ color: "rgba(0,0,0,0)", line: { color: token("--pl"), width: 1.3 } });
export const hatch = () => ({
  color: token("--surface"),
  line: { color: token("--fc"), width: 1 },
  pattern: { shape: "/", size: size() > 12 ? 7 : 5, solidity: 0.32, fgcolor: token("--fc"), bgcolor: token("--surface") },
});
export const clear = () => ({ color: "rgba(0,0,0,0)" });

export const axis = (more = {}) => ({
  showgrid: false,
  zeroline: false,
  fixedrange: true,
  ticks: "",
  tickangle: 0,
  tickfont: { color: token("--ink-3"), size: size() },
  linecolor: token("--line-strong"),
  ...more,
});

export const rule = (more) => ({ type: "line", line: { color: token("--line-strong"), width: 1, dash: "dot" }, ...more });

export const label = (text, x, y, more = {}) => ({
  x,
  y,
  text,
  showarrow: false,
  font: { size: size(), color: token("--ink") },
  ...more,
});

const layoutOf = (more) => ({
  font: { family: token("--font"), size: size(), color: token("--ink-2") },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  margin: { l: 8, r: 8, t: 8, b: 22 },
  showlegend: false,
  hovermode: "x unified",
  bargap: 0.38,
  dragmode: false,
  hoverlabel: { bgcolor: token("--surface"), bordercolor: token("--line-strong"), font: { color: token("--ink"), size: 12 } },
  ...more,
});

/**
 * Draw and keep a chart. `build()` → {traces, layout}; it runs again when the theme changes, because colours
 * are read from tokens. `summary` is the text alternative, `table` {head, rows} the same figures as a table.
 * Returns a function that draws new data: `redraw(build, {summary, table})`.
 */
export function mount(element, build, texts) {
  const redraw = redraws.get(element) ?? prepare(element);
  redraw(build, texts);
  return redraw;
}

function prepare(element) {
  const state = {};
  const draw = () => {
    const { traces, layout } = state.build();
    window.Plotly.react(element, traces, layoutOf(layout), CONFIG);
  };
  const redraw = (build, { summary, table }) => {
    Object.assign(state, { build, table });
    element.setAttribute("aria-label", summary);
    draw();
  };
  element.classList.add("plot");
  element.setAttribute("role", "img");
  new ResizeObserver(() => element.offsetWidth && window.Plotly.Plots.resize(element)).observe(element);
  document.addEventListener("themechange", draw);
  drawn.push({ element, draw });
  offerTable(element, state);
  redraws.set(element, redraw);
  return redraw;
}

/** Paper has its own width and type: charts are drawn for it before the browser lays pages out, and back afterwards. */
function fit() {
  for (const { element, draw } of drawn.filter((chart) => chart.element.offsetWidth)) {
    draw();
    window.Plotly.relayout(element, { width: element.offsetWidth, height: element.offsetHeight });
  }
}
addEventListener("beforeprint", () => {
  document.documentElement.dataset.printing = "";
  fit();
});
addEventListener("afterprint", () => {
  delete document.documentElement.dataset.printing;
  fit();
});

/** "Show as table": a button in the panel's head, a table in a dialog. */
function offerTable(element, state) {
  const head = element.closest(".pn")?.querySelector(":scope > header");
  if (!head || head.querySelector("[data-as-table]")) return;
  const name = gettext("Show as table");
  if (!head.querySelector(".sp")) head.append(el("span", { class: "sp" }));
  head.append(el("button", { class: "icb noprint", type: "button", title: name, "aria-label": name, "data-as-table": true, onclick: () => showTable(head, state.table) }, icon("table")));
}

function showTable(head, { head: names, rows }) {
  const title = head.querySelector("h2, h3, h4")?.textContent ?? "";
  const dialog = el("dialog", { class: "pop", "aria-label": title },
    el("header", {}, title, el("span", { class: "sp" }),
      el("form", { method: "dialog" }, el("button", { class: "icb", "aria-label": gettext("Close") }, icon("x")))),
    el("div", { class: "in", tabindex: 0, style: "max-height:70vh;overflow:auto" },
      el("table", { class: "t nohov" },
        el("thead", {}, el("tr", {}, names.map((text, i) => el("th", { class: i ? "num" : "", scope: "col" }, text)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map((text, i) => el(i ? "td" : "th", i ? { class: "num" } : { scope: "row" }, text))))))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

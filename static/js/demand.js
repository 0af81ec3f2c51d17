// The demand workbench: tree on the left, the month grid, chart and panels; one place at a time.
import { bars, forecastChart } from "./charts.js";
import { announce, el, icon, readJson, send } from "./dom.js";
import { createGrid } from "./grid.js";
import { monthCode, planSaver } from "./grid/plan.js";
import { month as monthName } from "./formats.js";
import { fill, gettext } from "./i18n.js";
import { followJob } from "./jobs.js";
import { createTree } from "./demand-tree.js";
import { mountWorkbook } from "./demand-workbook.js";
import { openPassport } from "./passport.js";

const API = "/api/v1/demand/";
const at = (id) => document.getElementById(id);
const choices = readJson("choices");
const page = readJson("page");
let board = readJson("board");
let grid = null;

const HEAD_HEIGHT = 40;
const spread = () => at("spread").value;
const place = () => ({ product: board.product, org: board.org });
const row = (key) => board.rows.find((r) => r.key === key);
const column = (month) => board.columns.findIndex((c) => c.month === month);
const valueOf = (cell) => (cell !== null && typeof cell === "object" ? cell.value : cell);

async function ask(path, { method = "GET", body = null } = {}) {
  const response = await send(`${API}${path}`, { method, body });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? gettext("The server did not answer. Try again."));
  return answer;
}

const query = (parts) => new URLSearchParams(Object.entries({ cycle: page.cycle, version: page.version, ...parts }).filter(([, v]) => v)).toString();

// The reason popover opens for every override, and for other figures above a leaf or outside the band.
function needsReason(edits) {
  return edits.some((edit) => {
    if (edit.row === "consensus") return edit.value !== null;
    const i = column(edit.month);
    const [low, high] = [board.band.low[i], board.band.high[i]];
    return edit.row === "sales" && low !== null && edit.value !== null && (edit.value < low || edit.value > high);
  });
}

function preview(edit) {
  if (board.isLeaf) return Promise.reject();
  const { row: measure, month, value } = edit;
  return ask(`preview/?${query({})}`, { method: "POST", body: { measure, ...place(), month: monthCode(month), value: value ?? 0, spread: spread() } });
}

/** What Del puts back: the consensus falls to the proposal, which only the server knows; the grid reloads after. */
const reset = () => null;

/** The band, the noise and one's own record, said while the figure is being justified. */
async function advice(edits) {
  const cells = edits.map(({ row: measure, month, value }) => ({ measure, month: monthCode(month), value }));
  const answer = await ask(`advice/?${query({})}`, { method: "POST", body: { ...place(), cells } });
  return [...answer.warnings.map((text) => ({ tone: "warn", text })), ...(answer.own ? [answer.own] : [])];
}

async function comment(key, month, text, kind) {
  await ask(`comments/?${query({})}`, { method: "POST", body: { measure: key, ...place(), month: monthCode(month), text, kind } });
  await refresh();
}

async function lock(cells, locked) {
  const body = { locked, cells: cells.map((c) => ({ measure: c.row, ...place(), month: monthCode(c.month) })) };
  await ask(`locks/?${query({})}`, { method: "POST", body });
}

/** Comparisons have no passport here: last cycle and closed months are other plans, last year are actuals. */
const COMPARED = ["last_cycle", "last_year"];
function passport(key, month, anchor) {
  const isPast = board.columns[column(month)].kind === "past" && key !== "actual";
  if (COMPARED.includes(key) || isPast || page.unit !== "units") return announce(gettext("This figure only compares; it has no passport."), { urgent: true });
  return openPassport({ version: board.version, measure: key, ...place(), from: monthCode(month), to: monthCode(month) }, anchor);
}

/** Alt ↑: the parent in the tree that shows; Alt ↓: its first child. */
const level = (step) => tree.step(step);

function onMove({ label, column: name, month }) {
  at("cell-address").textContent = `${label} · ${name}`;
  if (month >= board.columns.find((c) => c.kind !== "past").month && month !== page.month) focusMonth(month);
}

let focusTimer = 0;
function focusMonth(month) {
  clearTimeout(focusTimer);
  focusTimer = setTimeout(async () => {
    page.month = month;
    at("tree-month").textContent = fill(gettext("%(month)s, units"), { month: monthName(month, { year: false }) });
    await tree.reload();
  }, 250);
}

async function onSaved(edits, answer) {
  if (answer.results?.some((r) => r.status === "applied")) await refresh();
}

/** Where an edit lies in the plan. An override that undo brings back has no reason of its own: it says so. */
function address(edit) {
  const restored = edit.row === "consensus" && edit.value !== null && !edit.reason ? { reason: "restored" } : {};
  return { measure: edit.row, ...place(), ...(board.isLeaf ? {} : { spread: spread() }), ...restored };
}

function drawGrid() {
  const options = {
    label: gettext("Demand by stream and month, units"),
    heads: [gettext("Stream"), gettext("Owner")],
    columns: board.columns,
    rows: board.rows,
    decimals: board.rows[0].decimals,
    height: gridHeight(),
    columnWidth: columnWidth(),
    saveState: at("save-state"),
    tools: at("grid-tools"),
    save: (...call) => planSaver(`/api/v1/plans/${board.version}/cells:batch`, address)(...call),
    cursor: { row: "consensus", month: page.month },
    reasons: choices.reasons,
    causes: choices.causes,
    notes: choices.notes,
    advice,
    needsReason, preview, reset, comment, lock, level, onMove, onSaved, passport,
  };
  grid = createGrid(at("grid"), options);
}

/** Room for the longest figure, its sign and a lock; the usual width when figures are short. */
function columnWidth() {
  const longest = Math.max(...board.rows.flatMap((line) => line.cells.map((cell) => Math.abs(valueOf(cell) ?? 0))));
  return longest >= 100_000 ? (innerWidth >= 1700 ? 92 : 82) : undefined;
}

/** All rows show without scrolling, so that the grid scrolls sideways only. */
function gridHeight() {
  const rowHeight = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row-h")) || 26;
  const height = board.rows.length * rowHeight + HEAD_HEIGHT;
  document.documentElement.style.setProperty("--above-chart", `${height + 250}px`);
  return height;
}

// Everything round the grid ------------------------------------------------------------------------------------
function drawPanels() {
  at("place-product").textContent = board.heading.product;
  at("place-org").textContent = `· ${board.heading.org}`;
  at("unit-name").textContent = board.unit;
  at("near-link").href = `/demand/orders/?${query({ ...place(), view: "weeks" })}`;
  at("explain-link").search = query(place());
  at("chart-title").textContent = board.chart.title;
  forecastChart(at("chart"), board.chart);
  bars(at("accuracy"), { rows: board.accuracy.rows, unit: " %" });
  at("accuracy-note").replaceChildren(...noteOf(board.accuracy));
  at("waiting").replaceChildren(...waitingLines());
  showExcess();
}

/** Orders beyond the consensus: weighed on their own, so that the grid does not wait for the order book. */
async function showExcess() {
  const asked = query(place());
  const found = await ask(`orders-above/?${asked}`).catch(() => null);
  if (!found?.finding || asked !== query(place())) return;
  const link = el("a", { href: `/demand/orders/?${query({ ...place(), view: "excess" })}` }, found.finding);
  const line = el("div", { class: "row-f", id: "excess-orders" }, el("span", { class: "warn" }, icon("triangle-alert")), link);
  document.getElementById("excess-orders")?.remove();
  at("waiting").prepend(line);
}

function noteOf({ note, empty }) {
  if (empty) return [empty];
  if (!note) return [];
  return [el("span", { class: `b ${note.tone}` }, note.head), ` ${note.text}`];
}

function waitingLines() {
  if (!board.waiting.length) return [el("div", { class: "row-f" }, el("span", { class: "good" }, icon("circle-check")), gettext("Nothing waits at this place"))];
  return board.waiting.map(({ icon: name, tone, text }) => el("div", { class: "row-f" }, el("span", { class: tone }, icon(name)), text));
}

async function refresh() {
  board = await ask(`workbench/?${query({ ...place(), unit: page.unit })}`);
  for (const line of board.rows) {
    grid.patch(line.cells.map((cell, i) => {
      const shown = cell !== null && typeof cell === "object" ? cell : { value: cell };
      return { missing: false, outside: false, comment: "", locked: false, ...shown, row: line.key, month: board.columns[i].month };
    }));
  }
  drawPanels();
  tree.reload();
}

async function go(side, code) {
  if (grid.isWaiting()) return announce(gettext("Wait until the typed cells are saved."), { urgent: true });
  const wanted = { ...place(), [side]: code };
  try {
    board = await ask(`workbench/?${query({ ...wanted, unit: page.unit })}`);
  } catch (problem) {
    return announce(problem.message, { urgent: true });
  }
  const url = new URL(location.href);
  for (const [key, value] of Object.entries({ ...wanted, side: page.side, unit: page.unit })) value ? url.searchParams.set(key, value) : url.searchParams.delete(key);
  history.replaceState(null, "", url);
  await grid.setRows(board.rows);
  drawPanels();
  await tree.reload();
  announce(`${board.heading.product}, ${board.heading.org}`);
}

const tree = createTree(at("tree"), {
  nodes: readJson("tree-data"),
  side: () => page.side,
  load: (under) => ask(`tree/?${query({ ...place(), side: page.side, month: monthCode(page.month), under })}`).then((a) => a.nodes),
  choose: (code) => go(page.side, code),
  heads: { product: gettext("Product tree"), org: gettext("Region tree") },
  title: at("tree-title"),
});

function press(group, chosen) {
  document.querySelectorAll(group).forEach((button) => {
    button.classList.toggle("on", button === chosen);
    button.setAttribute("aria-pressed", String(button === chosen));
  });
}

document.querySelectorAll("[data-side]").forEach((button) => button.addEventListener("click", async () => {
  page.side = button.dataset.side;
  press("[data-side]", button);
  await tree.reload({ afresh: true });
}));

document.querySelectorAll("[data-unit]").forEach((button) => button.addEventListener("click", () => {
  page.unit = button.dataset.unit;
  press("[data-unit]", button);
  go("product", board.product);
}));

at("run-forecast")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  try {
    const job = await ask(`forecast/?${query({})}`, { method: "POST", body: {} });
    const ended = await followJob(job.id, { title: gettext("Statistical forecast") });
    if (ended?.state === "done") location.reload();
  } catch (problem) {
    announce(problem.message, { urgent: true });
  }
  button.disabled = false;
});

at("build-proposal")?.addEventListener("click", async (event) => {
  event.currentTarget.disabled = true;
  await ask(`proposal/?${query({})}`, { method: "POST", body: {} });
  location.reload();
});

mountWorkbook(at("workbook-open"), { context: () => ({ cycle: page.cycle, version: page.version, ...place(), spread: spread() }), choices, saved: refresh });

at("submit-open")?.addEventListener("click", () => at("submit-dialog").showModal());
at("submit-cancel")?.addEventListener("click", () => at("submit-dialog").close());

drawGrid();
drawPanels();

// What if: sliders of the chosen resource or material, rush orders and demand cells, solved together as one trial.
import { announce, el, icon, readJson } from "../dom.js";
import { month as monthName, number, parseNumber, signed } from "../formats.js";
import { fill, gettext } from "../i18n.js";
import { ask, cash, monthCode } from "./asking.js";
import { drawLosers } from "./losers.js";
import { keep } from "./ways.js";

const at = (id) => document.getElementById(id);
const panel = at("what-if");
const data = panel ? readJson("trial-data") : null;
const sliders = Object.fromEntries(["shifts", "jph", "lost", "overtime", "limit"].map((name) => [name, at(`set-${name}`)]));
const basket = new Map(); // key → {setting, label}: what is tried beside the sliders
let focus = null; // {what, code, month, label}
let stood = {}; // where the sliders stood when the cell was chosen: only what was moved is tried
let waiting = null;
let turn = 0;

const facts = () => (focus.what === "material" ? data.materials : data.resources)[focus.code];
const lostDays = () => facts().lost[focus.month] ?? 0;

/** The setting the sliders say, null where they stand as the plan is. */
function slid() {
  if (!focus) return null;
  const month = monthCode(focus.month);
  const moved = (name) => Number(sliders[name].value) !== stood[name];
  const value = (name) => Number(sliders[name].value);
  if (focus.what === "material") return moved("limit") ? { kind: "supply", material: focus.code, month, max_quantity: value("limit") } : null;
  if (focus.what !== "hour" || !facts()) return null;
  const setting = { kind: "capacity", resource: focus.code, month };
  if (moved("shifts")) setting.shifts = value("shifts");
  if (facts().jph && moved("jph")) setting.jph = value("jph");
  if (moved("lost")) setting.lost_hours = value("lost") * facts().hours_a_day;
  if (moved("overtime")) setting.overtime_hours = value("overtime");
  return Object.keys(setting).length > 3 ? setting : null;
}

const settings = () => [slid(), ...[...basket.values()].map((one) => one.setting)].filter(Boolean);

function show() {
  for (const slider of Object.values(sliders)) slider.nextElementSibling.textContent = number(Number(slider.value), Number(slider.value) % 1 ? 1 : 0);
  at("basket").replaceChildren(...[...basket].map(([key, one]) => el("li", { class: "chip p" }, one.label, el("button", { type: "button", class: "x", "aria-label": gettext("Remove"), onclick: () => { basket.delete(key); show(); solve(); } }, icon("x")))));
  const any = settings().length > 0;
  at("keep-trial").disabled = !any;
  at("reset-trial").hidden = !any;
}

/** Put the sliders on a cell of the heat map. */
function choose(cell) {
  focus = cell;
  document.querySelectorAll("table.heat td[aria-current]").forEach((td) => td.removeAttribute("aria-current"));
  document.querySelector(`table.heat td[data-code="${CSS.escape(cell.code)}"][data-month="${cell.month}"]`)?.setAttribute("aria-current", "true");
  at("trial-name").textContent = `${cell.label}, ${monthName(cell.month)}`;
  const isMaterial = cell.what === "material";
  at("set-resource").hidden = at("cap-note").hidden = cell.what !== "hour" || !facts();
  at("set-material").hidden = !isMaterial || facts()?.limit[cell.month] === undefined;
  if (isMaterial && facts()?.limit[cell.month] !== undefined) {
    const limit = facts().limit[cell.month];
    Object.assign(sliders.limit, { max: Math.max(10, Math.ceil(limit * 1.6)), step: Math.max(1, Math.round(limit / 100)), value: limit });
    sliders.limit.value = limit;
  } else if (cell.what === "hour" && facts()) {
    const mine = facts();
    Object.assign(sliders.shifts, { max: Math.max(mine.most_shifts, mine.shifts), value: mine.shifts });
    panel.querySelector("[data-needs=jph]").hidden = !mine.jph;
    if (mine.jph) Object.assign(sliders.jph, { min: mine.jph * 0.7, max: mine.jph * 1.3, step: mine.jph / 100 });
    if (mine.jph) sliders.jph.value = mine.jph;
    Object.assign(sliders.lost, { max: Math.max(22, Math.ceil(lostDays())), value: lostDays() });
    Object.assign(sliders.overtime, { max: Math.round(mine.hours_a_day * 12), value: 0 });
  }
  stood = Object.fromEntries(Object.entries(sliders).map(([name, slider]) => [name, Number(slider.value)]));
  show();
  solve();
}

async function solve() {
  const mine = ++turn;
  const tried = settings();
  if (!tried.length && focus?.what === "hour" && facts()) tried.push({ kind: "capacity", resource: focus.code, month: monthCode(focus.month) });
  if (!tried.length) {
    clear();
    return;
  }
  panel.setAttribute("aria-busy", "true");
  const found = await ask("trials/", { settings: tried });
  if (mine !== turn) return;
  panel.removeAttribute("aria-busy");
  if (found.problem) {
    clear();
    at("trial-facts").textContent = found.problem;
    return;
  }
  drawResource(found.resource, found);
  drawPlan(found);
  drawLosers(at("losers"), found.losers, found.losers_total);
  if (found.orders.length && !found.losers.length) announce(gettext("Nobody gets less or later."));
}

function clear() {
  at("trial-facts").replaceChildren();
  for (const id of ["cap-bar", "plan-facts", "losers"]) at(id).hidden = true;
  at("band-note").textContent = "";
}

const fact = (label, value, tone = "") => el("div", {}, el("span", { class: "sm mut" }, label), el("b", { class: tone }, value));

function drawResource(view, found) {
  const margin = fact(gettext("Margin"), cash(found.effect.gain), found.effect.gain === null || !found.effect.gain ? "" : found.effect.gain > 0 ? "good" : "bad");
  const short = (units) => fact(gettext("Short"), number(units), units ? "bad" : "good");
  at("cap-bar").hidden = !view;
  if (!view) {
    const order = found.orders[0];
    at("trial-facts").replaceChildren(...(order ? [fact(gettext("Order"), number(order.asked)), fact(gettext("Served"), number(order.served), order.served < order.asked ? "bad" : "good")] : []), short(found.effect.short), margin);
    at("band-note").textContent = "";
    return;
  }
  at("trial-facts").replaceChildren(fact(gettext("Capacity"), number(view.capacity_after)), fact(gettext("Demand"), number(view.demand)), short(view.short_after), margin);
  const [delivered, capacity, material] = view.band;
  const full = Math.max(view.capacity_after, view.demand, material, 1) * 1.05;
  const place = (units) => `${Math.min(100, (100 * units) / full)}%`;
  at("cap-bar").querySelector("i").style.width = place(view.capacity_after);
  view.band.forEach((units, edge) => { at("cap-bar").querySelector(`[data-edge="${edge}"]`).style.left = place(units); });
  at("band-note").textContent = fill(gettext("Flex band: plan %(plan)s, capacity %(capacity)s, material %(material)s."), { plan: number(delivered), capacity: number(capacity), material: number(material) });
}

function drawPlan(found) {
  const rows = found.money.filter((line) => line.before !== line.after || ["revenue", "profit"].includes(line.code)).map((line) => row(line.label, cash(line.before, {}), cash(line.after, {}), line.before === null ? "•••" : cash(line.after - line.before), line.code === "profit" || line.code === "revenue" ? Math.sign(line.after - line.before) : 0));
  const effect = found.effect;
  rows.unshift(row(gettext("Units served"), "", "", signed(effect.units), Math.sign(effect.units)));
  rows.push(row(gettext("Served in its month"), "", "", fill(gettext("%(points)s points"), { points: signed(100 * effect.service, 1) }), Math.sign(effect.service)));
  at("plan-facts").tBodies[0].replaceChildren(...rows);
  at("plan-facts").hidden = settings().length === 0;
}

const row = (label, before, after, change, good) => el("tr", {}, el("th", { scope: "row" }, label), el("td", { class: "num" }, before), el("td", { class: "num" }, after), el("td", { class: `num b ${good > 0 ? "good" : good < 0 ? "bad" : ""}` }, change));

/** What one more hour or unit is worth there, and for how many: solved for the cell that was clicked. */
async function weigh(cell) {
  const line = at("worth");
  line.hidden = true;
  const found = await ask(`worth/?what=${cell.what}&code=${encodeURIComponent(cell.code)}&month=${monthCode(cell.month)}`);
  if (focus !== cell || found.problem) return;
  line.hidden = false;
  if (found.value === null) {
    line.textContent = gettext("What more of it is worth is hidden for your role.");
  } else if (found.value <= 0) {
    line.textContent = gettext("More of it is worth nothing here: there is enough.");
  } else {
    const words = { hour: gettext("One more hour is worth %(value)s for the first %(holds)s; each after that %(then)s."), material: gettext("One more unit is worth %(value)s for the first %(holds)s; each after that %(then)s."), storage: gettext("One more place is worth %(value)s for the first %(holds)s; each after that %(then)s.") };
    line.textContent = fill(words[cell.what], { value: cash(found.value, {}), holds: number(found.holds_for), then: cash(found.then, {}) });
  }
}

/** What is short of a product in a month, shared out by a rule. */
function share(form, { product, month, rule, org }) {
  const setting = { kind: "allocate", product: product.trim(), month, rule };
  if (rule === "priority") setting.orgs = [org.trim()];
  const label = `${setting.product}, ${month}: ${form.elements.rule.selectedOptions[0].textContent}${setting.orgs ? ` (${setting.orgs[0]})` : ""}`;
  basket.set(`allocate|${setting.product}|${month}`, { setting, label });
  show();
  solve();
}

function openDialog() {
  const dialog = at("order-dialog");
  const form = at("order-form");
  const sync = () => {
    const kind = form.elements.kind.value;
    const shown = [kind, ...(kind === "allocate" ? [form.elements.rule.value] : [])];
    form.querySelectorAll("[data-for]").forEach((label) => { label.hidden = !label.dataset.for.split(" ").some((name) => shown.includes(name)); });
    for (const name of ["org", "due_date", "quantity"]) form.elements[name].required = !form.elements[name].closest("label").hidden;
  };
  form.querySelectorAll("[name=kind], [name=rule]").forEach((field) => field.addEventListener("change", sync));
  form.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    if (fields.kind === "allocate") {
      share(form, fields);
      dialog.close();
      return;
    }
    const quantity = parseNumber(fields.quantity);
    const error = at("order-error");
    error.hidden = quantity !== undefined && quantity !== null && quantity >= 0;
    error.textContent = gettext("Write the quantity as a number.");
    if (!error.hidden) return;
    const isOrder = fields.kind === "order";
    const setting = { kind: fields.kind, product: fields.product.trim(), org: fields.org.trim(), quantity };
    if (isOrder) Object.assign(setting, { due_date: fields.due_date, customer: fields.customer });
    else setting.month = fields.month;
    const label = fill(isOrder ? gettext("Rush order: %(units)s %(product)s, %(org)s") : gettext("%(product)s, %(org)s: %(units)s asked"), { ...setting, units: number(quantity) });
    basket.set(`${fields.kind}|${setting.product}|${setting.org}|${setting.month ?? setting.due_date}`, { setting, label });
    dialog.close();
    show();
    solve();
  });
  at("open-order").addEventListener("click", () => {
    sync();
    dialog.showModal();
  });
}

if (panel) {
  openDialog();
  for (const slider of Object.values(sliders)) {
    slider.addEventListener("input", () => {
      show();
      clearTimeout(waiting);
      waiting = setTimeout(solve, 150);
    });
  }
  at("reset-trial").addEventListener("click", () => {
    basket.clear();
    choose(focus);
  });
  at("keep-trial").addEventListener("click", async () => {
    at("keep-trial").disabled = true;
    await keep({ settings: settings(), say: (text) => { at("trial-facts").textContent = text; } });
    show();
  });
  document.querySelectorAll("table.heat td[data-code]").forEach((td) => {
    const pick = () => {
      const cell = { what: td.dataset.what, code: td.dataset.code, month: Number(td.dataset.month), label: td.parentElement.querySelector(".rh").textContent };
      choose(cell);
      weigh(cell);
    };
    td.addEventListener("click", pick);
    td.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); } });
  });
  if (data.start) choose(data.start);
}

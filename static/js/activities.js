// Activities: the register's dialog, and a launch planned by the launches it resembles.
import { forecastChart, sparkline } from "./charts.js";
import { el, readJson, send } from "./dom.js";
import { month as monthName, number, parseNumber, percent } from "./formats.js";
import { fill, gettext } from "./i18n.js";

const API = "/api/v1/demand/";
const at = (id) => document.getElementById(id);
const page = readJson("page");
const events = readJson("event-forms");
const launches = readJson("launch-forms");
const FIGURES = ["uplift_pct", "uplift_quantity", "price_change_pct"];

async function ask(path, { method = "GET", body = null, headers = {} } = {}) {
  const response = await send(`${API}${path}`, { method, body, headers });
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const first = answer.errors?.[0];
  throw new Error(first ? `${labelOf(first.pointer.slice(2))}: ${first.detail}` : answer.detail ?? gettext("The server did not answer. Try again."));
}

/** What the open dialog calls a field of the request. */
const labelOf = (name) => document.querySelector(`dialog[open] [name="${name}"]`)?.closest("label")?.firstChild.textContent ?? name;

function complain(box, problem) {
  box.hidden = !problem;
  box.textContent = problem?.message ?? "";
}

/** Text → number, null when empty; a sentence when it is no number. */
function figure(text) {
  const value = parseNumber(text);
  if (value === undefined) throw new Error(fill(gettext("“%(text)s” is not a number."), { text }));
  return value;
}

document.querySelectorAll("dialog [data-close]").forEach((button) => button.addEventListener("click", () => button.closest("dialog").close()));

document.querySelectorAll("[data-when]").forEach((button) => button.addEventListener("click", () => {
  document.querySelectorAll("[data-when]").forEach((other) => {
    other.classList.toggle("on", other === button);
    other.setAttribute("aria-pressed", String(other === button));
  });
  document.querySelectorAll("[data-rows]").forEach((rows) => { rows.hidden = rows.dataset.rows !== button.dataset.when; });
}));

// The register ---------------------------------------------------------------------------------------------------
let edited = null;

function openEvent(code) {
  edited = code ? events[code] : null;
  const form = at("event-form");
  form.reset();
  at("event-title").textContent = edited ? fill(gettext("Change %(code)s"), { code }) : gettext("Add activity");
  for (const [name, value] of Object.entries(edited ?? { from_month: page.month })) {
    if (form.elements[name]) form.elements[name].value = value ?? "";
  }
  form.elements.code.readOnly = Boolean(edited);
  at("event-withdraw").hidden = !edited;
  complain(at("event-error"), null);
  at("event-dialog").showModal();
  form.elements.note.focus();
}

function eventBody(form) {
  const said = Object.fromEntries(["code", "kind", "note", "owner"].map((name) => [name, form.elements[name].value.trim()]));
  for (const name of ["from_month", "to_month", "product", "org"]) said[name] = form.elements[name].value.trim() || null;
  for (const name of FIGURES) said[name] = figure(form.elements[name].value);
  return said;
}

async function saveEvent(event) {
  event.preventDefault();
  try {
    const body = eventBody(event.target);
    if (edited) await ask(`events/${encodeURIComponent(edited.code)}/`, { method: "PUT", body, headers: { "If-Match": edited.etag } });
    else await ask("events/", { method: "POST", body });
    location.reload();
  } catch (problem) {
    complain(at("event-error"), problem);
  }
}

async function withdrawEvent() {
  try {
    await ask(`events/${encodeURIComponent(edited.code)}/`, { method: "DELETE", headers: { "If-Match": edited.etag } });
    location.reload();
  } catch (problem) {
    complain(at("event-error"), problem);
  }
}

at("add-activity")?.addEventListener("click", () => openEvent(null));
document.querySelectorAll("[data-edit]").forEach((button) => button.addEventListener("click", () => openEvent(button.dataset.edit)));
at("event-form")?.addEventListener("submit", saveEvent);
at("event-withdraw")?.addEventListener("click", withdrawEvent);

// A launch -------------------------------------------------------------------------------------------------------
let launch = null;
let proposals = [];
let asked = 0;

const chosen = () => [...at("analogues").querySelectorAll("input:checked")].map((box) => box.value);

async function openLaunch(code) {
  launch = launches[code];
  const form = at("launch-form");
  form.reset();
  form.elements.first_month.value = launch.first_month;
  form.elements.scale.value = String(launch.scale);
  form.elements.note.value = launch.note;
  form.elements.first_month.disabled = launch.sold_months > 0;
  form.elements.scale.disabled = launch.sold_months > 0;
  at("launch-title").textContent = fill(gettext("Plan the launch of %(name)s"), { name: launch.label });
  at("launch-withdraw").hidden = !launch.is_planned;
  at("analogues").replaceChildren(el("div", { class: "wait", style: "width:70%" }), el("div", { class: "wait", style: "width:50%" }));
  complain(at("launch-error"), null);
  at("launch-dialog").showModal();
  try {
    const query = new URLSearchParams({ product: code, cycle: page.cycle, ...(launch.org ? { org: launch.org } : {}) });
    proposals = (await ask(`launches/analogues/?${query}`)).results;
    drawProposals();
    await preview();
  } catch (problem) {
    complain(at("launch-error"), problem);
  }
}

function drawProposals() {
  const picked = launch.analogue_codes.length ? launch.analogue_codes : proposals.slice(0, 3).map((one) => one.code);
  if (!proposals.length) {
    at("analogues").replaceChildren(el("p", { class: "sm mut" }, gettext("No earlier launch lies inside the history: import a longer one, or give launch volumes in the stream New products.")));
    return;
  }
  at("analogues").replaceChildren(...proposals.map((one) => {
    const spark = el("span", {});
    sparkline(spark, one.curve.slice(0, 12), { width: 62, height: 20 });
    const why = fill(gettext("%(share)s alike, from %(month)s"), { share: percent(one.likeness * 100, 0), month: monthName(one.first_month) });
    return el("label", {},
      el("input", { type: "checkbox", class: "form-check-input", value: one.code, checked: picked.includes(one.code), onchange: preview }),
      el("span", { style: "flex:1" }, one.label, el("span", { class: "sub" }, why)), spark);
  }));
}

function launchBody() {
  const form = at("launch-form");
  return {
    product: launch.code,
    org: launch.org || null,
    analogues: chosen(),
    scale: figure(form.elements.scale.value) ?? 1,
    first_month: form.elements.first_month.value || null,
  };
}

async function preview() {
  const mine = ++asked;
  try {
    const body = launchBody();
    if (!body.analogues.length) return;
    const curve = await ask(`launches/preview/?cycle=${page.cycle}`, { method: "POST", body });
    if (mine === asked) drawCurve(curve);
    complain(at("launch-error"), null);
  } catch (problem) {
    if (mine === asked) complain(at("launch-error"), problem);
  }
}

function drawCurve(curve) {
  const months = (first, count) => Array.from({ length: count }, (_, i) => monthName(first + i));
  const title = at("curve-title").textContent;
  forecastChart(at("curve"), {
    title,
    history: { labels: months(curve.first_month, curve.known.length), values: curve.known },
    plan: { labels: months(curve.first_month + curve.known.length, curve.mean.length), baseline: curve.mean, low: curve.low, high: curve.high },
  });
  at("curve-note").textContent = fill(gettext("First 12 months: %(units)s units. Shaded: where 80 of 100 launches are expected."), { units: number(curve.first_year) });
}

async function saveLaunch(event) {
  event.preventDefault();
  try {
    await ask("launches/", { method: "POST", body: { ...launchBody(), note: at("launch-form").elements.note.value.trim() } });
    location.reload();
  } catch (problem) {
    complain(at("launch-error"), problem);
  }
}

async function withdrawLaunch() {
  try {
    await ask(`launches/?product=${encodeURIComponent(launch.code)}`, { method: "DELETE" });
    location.reload();
  } catch (problem) {
    complain(at("launch-error"), problem);
  }
}

document.querySelectorAll("[data-launch]").forEach((button) => button.addEventListener("click", () => openLaunch(button.dataset.launch)));
at("launch-form")?.addEventListener("submit", saveLaunch);
at("launch-withdraw")?.addEventListener("click", withdrawLaunch);
for (const name of ["scale", "first_month"]) at("launch-form")?.elements[name].addEventListener("change", preview);

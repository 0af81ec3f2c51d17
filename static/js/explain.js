// Explain: charts of the part that htmx brings, a word on odd months, and the what-if dialog.
import { miniColumns } from "./charts.js";
import { lineChart } from "./charts/lines.js";
import { el, readJson, send } from "./dom.js";
import { month as monthName, number, parseNumber, percent, signed } from "./formats.js";
import { fill, gettext } from "./i18n.js";

const API = "/api/v1/demand/";
const at = (id) => document.getElementById(id);
const monthCode = (month) => `${String(Math.floor(month / 12)).padStart(4, "0")}-${String((month % 12) + 1).padStart(2, "0")}`;
const nulls = (count) => Array(count).fill(null);
let data = null;

async function ask(path, { method = "GET", body = null } = {}) {
  const response = await send(`${API}${path}`, { method, body });
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.errors?.[0]?.detail ?? answer.detail ?? gettext("The server did not answer. Try again."));
  return answer;
}

function complain(box, problem) {
  box.hidden = !problem;
  box.textContent = problem?.message ?? "";
}

// The explanation --------------------------------------------------------------------------------------------------
function draw() {
  if (!at("explain-data")) return;
  data = readJson("explain-data");
  const { forecast, parts, season } = data;
  const ahead = forecast.labels.length - forecast.now;
  const later = (values) => nulls(forecast.now).concat(values);
  const sooner = (values) => values.concat(nulls(ahead));
  lineChart(at("forecast-chart"), {
    title: gettext("History and forecast"), labels: forecast.labels, now: forecast.now,
    band: { low: later(forecast.low), high: later(forecast.high) },
    lines: [
      { name: gettext("Actual"), values: sooner(forecast.history), kind: "actual" },
      { name: gettext("Seen instead"), values: sooner(forecast.cleansed), kind: "cleansed" },
      { name: gettext("Baseline"), values: later(forecast.baseline), kind: "baseline" },
      { name: gettext("Forecast as one series"), values: later(forecast.mean), kind: "forecast" },
    ],
  });
  if (parts) {
    lineChart(at("trend-chart"), { title: gettext("Trend"), labels: parts.labels, lines: [{ name: gettext("Trend"), values: parts.trend, kind: "actual" }] });
    miniColumns(at("season-chart"), { title: gettext("Season"), labels: season.labels, values: season.values });
    lineChart(at("rest-chart"), { title: gettext("Remainder"), labels: parts.recent, every: 3, fromZero: false, lines: [{ name: gettext("Remainder"), values: parts.remainder, kind: "actual" }] });
  }
  at("explanation").setAttribute("aria-busy", "false");
  at("what-if").disabled = false;
}

document.body.addEventListener("htmx:afterSettle", (event) => event.target.id === "explanation" && draw());
draw();

const reload = () => location.reload();

// Odd months -------------------------------------------------------------------------------------------------------
let asked = null;

const TITLES = {
  keep: () => [gettext("This month is real"), gettext("The forecast will take it as it was sold, from the next run on."), gettext("Keep it")],
  replace: () => [gettext("This month will not come back"), gettext("The forecast will leave it out, from the next run on."), gettext("Replace it")],
};

function openOdd({ product, org, month, verdict }) {
  asked = { product, org, month: monthCode(Number(month)), verdict };
  const [title, what, verb] = TITLES[verdict]();
  at("odd-title").textContent = `${title} · ${product} · ${org} · ${monthName(Number(month))}`;
  at("odd-what").textContent = what;
  at("odd-save").textContent = verb;
  at("odd-form").reset();
  complain(at("odd-error"), null);
  at("odd-dialog").showModal();
  at("odd-form").elements.reason.focus();
}

at("odd-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("outliers/", { method: "POST", body: { ...asked, reason: event.target.elements.reason.value.trim() } });
    reload();
  } catch (problem) {
    complain(at("odd-error"), problem);
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-verdict], [data-withdraw], [data-close]");
  if (!button) return;
  if ("close" in button.dataset) button.closest("dialog").close();
  else if ("verdict" in button.dataset) openOdd(button.dataset);
  else {
    button.disabled = true;
    const { product, org, month } = button.dataset;
    await ask(`outliers/?${new URLSearchParams({ product, org, month: monthCode(Number(month)) })}`, { method: "DELETE" });
    reload();
  }
});

// What if ----------------------------------------------------------------------------------------------------------
let tries = 0;
let timer = 0;

function openTrial() {
  at("trial-form").reset();
  at("trial-months").replaceChildren(...data.trial.months.map(({ code, label, value }) => el("div", {},
    el("span", {}, label),
    el("label", { class: "row-f" }, el("input", { type: "checkbox", class: "form-check-input", "data-out": code }), gettext("leave out")),
    el("input", { class: "form-control num", inputmode: "decimal", "data-correct": code, placeholder: number(value), "aria-label": fill(gettext("%(month)s, corrected"), { month: label }) }))));
  const form = at("trial-form");
  form.elements.from_month.value = data.trial.next;
  form.elements.to_month.value = data.trial.next;
  at("keep-reason").hidden = true;
  at("trial-dialog").showModal();
  tryOut();
}

function figure(text) {
  const value = parseNumber(text);
  if (value === undefined) throw new Error(fill(gettext("“%(text)s” is not a number."), { text }));
  return value;
}

const leftOut = () => [...at("trial-months").querySelectorAll("[data-out]:checked")].map((box) => box.dataset.out);

function trialBody() {
  const form = at("trial-form");
  const corrections = [...at("trial-months").querySelectorAll("[data-correct]")]
    .filter((box) => box.value.trim()).map((box) => ({ month: box.dataset.correct, value: figure(box.value) }));
  const uplift = figure(form.elements.uplift_pct.value);
  const [from, to] = [form.elements.from_month.value, form.elements.to_month.value];
  return {
    product: data.trial.product, org: data.trial.org, ignore_months: leftOut(), corrections,
    activities: uplift !== null && from && to ? [{ from_month: from, to_month: to, uplift_pct: uplift }] : [],
    start_month: form.elements.start_month.value || null,
  };
}

async function tryOut() {
  const mine = ++tries;
  try {
    const node = await ask(`forecast/node/?cycle=${data.trial.cycle}`, { method: "POST", body: trialBody() });
    if (mine !== tries) return;
    complain(at("trial-error"), null);
    drawTrial(node);
  } catch (problem) {
    if (mine === tries) complain(at("trial-error"), problem);
  }
  offerKeeping();
}

function drawTrial(node) {
  const shown = Math.min(node.history.length, 36);
  const past = (values) => values.slice(-shown);
  const labels = Array.from({ length: shown + node.mean.length }, (_, i) => monthName(node.first_month + node.history.length - shown + i));
  const ahead = nulls(node.mean.length);
  const later = (values) => nulls(shown).concat(values);
  const year = node.plain.slice(0, 12).reduce((sum, value) => sum + value, 0);
  const share = year ? percent((node.change / year) * 100, 1, { sign: true }) : "–";
  const message = fill(gettext("12 months ahead: %(units)s units, %(share)s"), { units: signed(node.change), share });
  at("trial-message").textContent = message;
  lineChart(at("trial-chart"), {
    title: message, labels, now: shown, band: { low: later(node.low), high: later(node.high) },
    lines: [
      { name: gettext("Actual"), values: past(node.history).concat(ahead), kind: "actual" },
      { name: gettext("Seen instead"), values: past(node.cleansed).map((value, i) => (value === past(node.history)[i] ? null : value)).concat(ahead), kind: "cleansed" },
      { name: gettext("Baseline"), values: later(node.baseline), kind: "baseline" },
      { name: gettext("Tried"), values: later(node.mean), kind: "forecast" },
    ],
  });
}

/** Only a single series has decisions on its months; only some roles may decide. */
function offerKeeping() {
  const may = at("explanation").querySelector("[data-may-decide]") !== null;
  const months = leftOut();
  const why = !may ? gettext("Demand planning keeps decisions on odd months.") : !data.trial.isLeaf ? gettext("Decisions are kept for single series: open one product at one dealer.") : "";
  at("keep-why").textContent = months.length ? why : "";
  at("keep").disabled = Boolean(why) || !months.length;
  at("keep-reason").hidden = at("keep").disabled;
}

at("keep").addEventListener("click", async () => {
  const reason = at("keep-reason").value.trim();
  if (!reason) return at("keep-reason").focus();
  try {
    for (const month of leftOut()) {
      await ask("outliers/", { method: "POST", body: { product: data.trial.product, org: data.trial.org, month, verdict: "replace", reason } });
    }
    reload();
  } catch (problem) {
    complain(at("trial-error"), problem);
  }
});
at("what-if").addEventListener("click", openTrial);
at("trial-form").addEventListener("submit", (event) => event.preventDefault());
at("trial-form").addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(tryOut, 250);
});

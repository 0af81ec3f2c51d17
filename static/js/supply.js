// The supply workbench: options solved together, scenarios, what-if sliders, stock chart.
import { miniColumns } from "./charts.js";
import { send } from "./dom.js";
import { money, month, number, signed } from "./formats.js";
import { fill, gettext } from "./i18n.js";
import { followJob } from "./jobs.js";

const version = document.getElementById("supply-script").dataset.version;
const plan = `/api/v1/plans/${version}`;
const cash = (minor) => (minor === null ? "•••" : money(minor, { sign: true })); // null: hidden for this role
const read = (id) => JSON.parse(document.getElementById(id).textContent);

async function ask(url, body) {
  const response = await send(url, { body }).catch(() => null);
  const answer = response ? await response.json().catch(() => ({})) : {};
  return response?.ok ? answer : { problem: answer.detail ?? gettext("The server did not answer. Try again.") };
}

// Options together ------------------------------------------------------------------------------------------------
const boxes = [...document.querySelectorAll("[data-option]")];
const together = document.getElementById("together");
const toScenario = document.getElementById("to-scenario");
const ticked = () => boxes.filter((box) => box.checked && !box.disabled).map((box) => Number(box.dataset.option));

async function priceTogether() {
  const options = ticked();
  if (toScenario) toScenario.disabled = options.length === 0;
  if (!options.length) {
    together.textContent = gettext("Tick options to solve them together.");
    return;
  }
  together.textContent = gettext("Solving…");
  const found = await ask(`${plan}/options/price/`, { options });
  if (String(ticked()) !== String(options)) return;
  together.textContent = found.problem ?? fill(gettext("Together: %(units)s units · %(gain)s"), { units: signed(found.units), gain: cash(found.gain) });
}

async function openScenario() {
  toScenario.disabled = true;
  let scenario = null;
  for (const option of ticked()) {
    scenario = await ask(`/api/v1/supply/options/${option}/scenario/`, scenario ? { scenario: scenario.version } : {});
    if (scenario.problem) {
      together.textContent = scenario.problem;
      return;
    }
  }
  const job = await ask(`/api/v1/plans/${scenario.version}/balance/`, {});
  if (job.id) {
    together.textContent = gettext("Balancing the scenario…");
    await followJob(job.id, { title: scenario.name, link: { url: scenario.url, label: gettext("See the scenario") } });
  }
  location.href = scenario.url;
}

boxes.forEach((box) => box.addEventListener("change", priceTogether));
toScenario?.addEventListener("click", openScenario);

// What if ---------------------------------------------------------------------------------------------------------
const sliders = Object.fromEntries(["shifts", "jph", "lost"].map((name) => [name, document.getElementById(`trial-${name}`)]));
let trial = sliders.shifts ? read("trial-data") : null;
let waiting = null;
let turn = 0;

function show() {
  document.querySelectorAll(".slider input").forEach((slider) => { slider.nextElementSibling.textContent = number(Number(slider.value), 1); });
}

function begin() {
  document.getElementById("trial-name").textContent = `${trial.label}, ${month(trial.month)}`;
  Object.assign(sliders.shifts, { max: trial.most_shifts, value: trial.shifts });
  Object.assign(sliders.jph, { min: trial.jph * 0.7, max: trial.jph * 1.3, step: trial.jph / 100, value: trial.jph });
  sliders.lost.value = trial.lost_days;
  show();
  solve();
}

async function solve() {
  const mine = ++turn;
  const name = `${Math.floor(trial.month / 12)}-${String((trial.month % 12) + 1).padStart(2, "0")}`;
  const found = await ask(`${plan}/what-if/`, {
    resource: trial.resource,
    month: name,
    shifts: Number(sliders.shifts.value),
    jph: Number(sliders.jph.value),
    lost_hours: Number(sliders.lost.value) * trial.hours_a_day,
  });
  if (mine !== turn) return;
  const facts = document.getElementById("trial-facts");
  if (found.problem) {
    facts.textContent = found.problem;
    return;
  }
  const fact = (label, value, tone = "") => `<div><span class="sm mut">${label}</span><b class="${tone}">${value}</b></div>`;
  facts.innerHTML = fact(gettext("Capacity"), number(found.capacity_after)) + fact(gettext("Demand"), number(found.demand))
    + fact(gettext("Short"), number(found.short_after), found.short_after ? "bad" : "good")
    + fact(gettext("Margin"), cash(found.effect.gain));
}

if (trial) {
  begin();
  Object.values(sliders).forEach((slider) => slider.addEventListener("input", () => {
    show();
    clearTimeout(waiting);
    waiting = setTimeout(solve, 250);
  }));
  document.querySelectorAll("[data-adjustable]").forEach((cell) => {
    const choose = () => {
      trial = { ...trial, resource: cell.dataset.resource, month: Number(cell.dataset.month), label: cell.parentElement.querySelector(".rh").textContent };
      begin();
    };
    cell.addEventListener("click", choose);
    cell.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(); });
  });
}

miniColumns(document.getElementById("stock-days"), read("stock-data"));
document.addEventListener("jobend", (event) => { if (event.detail?.kind === "balance" && event.detail.state === "done") location.reload(); });

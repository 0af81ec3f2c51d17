// Ways out: ticked options are solved together and become a scenario together.
import { signed } from "../formats.js";
import { fill, gettext } from "../i18n.js";
import { followJob } from "../jobs.js";
import { ask, cash, scenario } from "./asking.js";
import { askToDecide } from "./decisions.js";
import { drawLosers } from "./losers.js";

const boxes = [...document.querySelectorAll("[data-option]")];
const together = document.getElementById("together");
const losers = document.getElementById("together-losers");
const toScenario = document.getElementById("to-scenario");
const toDecisions = document.getElementById("to-decisions");
let turn = 0; // what was asked last is what the line says

/** Options that are ticked and not in the plan yet. */
export const ticked = () => boxes.filter((box) => box.checked && !box.disabled).map((box) => Number(box.dataset.option));

async function priceTogether() {
  const mine = ++turn;
  const options = ticked();
  for (const button of [toScenario, toDecisions]) if (button) button.disabled = options.length === 0;
  if (!options.length) {
    together.textContent = gettext("Tick options to solve them together.");
    drawLosers(losers, []);
    return;
  }
  together.textContent = gettext("Solving…");
  const found = toScenario ? await ask("trials/", { options }) : { effect: await ask("options/price/", { options }), losers: [] };
  if (mine !== turn) return;
  const effect = found.effect ?? found;
  drawLosers(losers, found.losers ?? [], found.losers_total);
  together.textContent = effect.problem ?? fill(gettext("Together: %(units)s units · %(gain)s"), { units: signed(effect.units), gain: cash(effect.gain) });
}

/** Keep settings and options in the scenario that is shown, or in a new one; wait for its balance and go there. */
export async function keep({ settings = [], options = [], say }) {
  const kept = await ask("trials/keep/", { settings, options, ...(scenario && { scenario }) });
  if (kept.problem) {
    say(kept.problem);
    return;
  }
  say(gettext("Balancing the scenario…"));
  await followJob(kept.job, { title: kept.name, link: { url: kept.url, label: gettext("See the scenario") } });
  location.href = kept.url;
}

boxes.forEach((box) => box.addEventListener("change", priceTogether));
toScenario?.addEventListener("click", async () => {
  toScenario.disabled = true;
  turn += 1;
  await keep({ options: ticked(), say: (text) => { together.textContent = text; } });
  toScenario.disabled = false;
});
toDecisions?.addEventListener("click", async () => {
  toDecisions.disabled = true;
  turn += 1;
  together.replaceChildren(await askToDecide(toDecisions.dataset.askUrl, { options: ticked() }));
  toDecisions.disabled = false;
});

// Ways out: ticked options are solved together and become a scenario together.
import { signed } from "../formats.js";
import { fill, gettext } from "../i18n.js";
import { followJob } from "../jobs.js";
import { ask, cash } from "./asking.js";
import { askToDecide } from "./decisions.js";

const boxes = [...document.querySelectorAll("[data-option]")];
const together = document.getElementById("together");
const toScenario = document.getElementById("to-scenario");
const toDecisions = document.getElementById("to-decisions");

/** Options that are ticked and not in the plan yet. */
export const ticked = () => boxes.filter((box) => box.checked && !box.disabled).map((box) => Number(box.dataset.option));

async function priceTogether() {
  const options = ticked();
  for (const button of [toScenario, toDecisions]) if (button) button.disabled = options.length === 0;
  if (!options.length) {
    together.textContent = gettext("Tick options to solve them together.");
    return;
  }
  together.textContent = gettext("Solving…");
  const found = await ask("options/price/", { options });
  if (String(ticked()) !== String(options)) return;
  together.textContent = found.problem ?? fill(gettext("Together: %(units)s units · %(gain)s"), { units: signed(found.units), gain: cash(found.gain) });
}

/** Keep settings and options in a scenario, wait for its balance and go there. */
export async function keep({ settings = [], options = [], say }) {
  const scenario = await ask("trials/keep/", { settings, options });
  if (scenario.problem) {
    say(scenario.problem);
    return;
  }
  say(gettext("Balancing the scenario…"));
  await followJob(scenario.job, { title: scenario.name, link: { url: scenario.url, label: gettext("See the scenario") } });
  location.href = scenario.url;
}

boxes.forEach((box) => box.addEventListener("change", priceTogether));
toScenario?.addEventListener("click", async () => {
  toScenario.disabled = true;
  await keep({ options: ticked(), say: (text) => { together.textContent = text; } });
  toScenario.disabled = false;
});
toDecisions?.addEventListener("click", async () => {
  toDecisions.disabled = true;
  together.replaceChildren(await askToDecide(toDecisions.dataset.askUrl, { options: ticked() }));
  toDecisions.disabled = false;
});

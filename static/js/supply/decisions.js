// Onto the decision list: ticked ways out, or the scenario that is shown, with their effects as they were solved.
import { announce, el, send } from "../dom.js";
import { fill, gettext } from "../i18n.js";

/** POST what is to be decided; a sentence with a link to the list, or the problem in words. */
export async function askToDecide(url, body) {
  const response = await send(url, { body }).catch(() => null);
  const answer = response ? await response.json().catch(() => ({})) : {};
  if (!response?.ok) return el("span", { class: "bad" }, answer.detail ?? gettext("The server did not answer. Try again."));
  const words = fill(gettext("On the decision list as number %(n)s"), { n: answer.number });
  announce(words);
  return el("a", { href: `/presop/?cycle=${answer.cycle}` }, words);
}

document.querySelectorAll("[data-ask-scenario]").forEach((button) => button.addEventListener("click", async () => {
  button.disabled = true;
  const said = await askToDecide(button.dataset.askUrl, { scenarios: [Number(button.dataset.askScenario)] });
  button.nextElementSibling?.classList.contains("asked") && button.nextElementSibling.remove();
  button.after(el("span", { class: "asked sm", role: "status" }, said));
  button.disabled = false;
}));

// Calls of the supply pages: one place that knows the plan's address and how money is shown or hidden.
import { send } from "../dom.js";
import { money } from "../formats.js";
import { gettext } from "../i18n.js";

const page = document.getElementById("supply-script").dataset;
export const version = page.version;
/** The open scenario that is shown; undefined over the plan itself. */
export const scenario = page.scenario && Number(page.scenario);
const plan = `/api/v1/plans/${version}`;

/** An amount in minor units with its sign; null is hidden for this role. */
export const cash = (minor, options = { sign: true }) => (minor === null ? "•••" : money(minor, options));

/** An absolute month as the API reads it. */
export const monthCode = (month) => `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;

/** POST under the plan (GET without a body); the answer, or {problem} in words. */
export async function ask(path, body) {
  const url = path.startsWith("/") ? path : `${plan}/${path}`;
  const options = body === undefined ? { method: "GET" } : { body };
  const response = await send(url, options).catch(() => null);
  const answer = response ? await response.json().catch(() => ({})) : {};
  if (response?.ok) return answer;
  return { problem: answer.detail ?? gettext("The server did not answer. Try again."), code: answer.code };
}

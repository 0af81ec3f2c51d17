// Pre-S&OP: the bridge from budget to plan.
import { waterfall } from "./charts.js";
import { gettext } from "./i18n.js";
import { followJobOfAddress } from "./meetings.js";
import "./supply/decisions.js";

const data = document.getElementById("waterfall-data");
if (data) waterfall(document.getElementById("waterfall"), { title: gettext("Why profit differs from budget"), ...JSON.parse(data.textContent) });
followJobOfAddress(gettext("Valuation of the plan"));
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

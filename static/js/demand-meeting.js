// The demand meeting: the bridge from last cycle's demand to this one's.
import { waterfall } from "./charts.js";
import { gettext } from "./i18n.js";
import { followJobOfAddress } from "./meetings.js";

const data = document.getElementById("waterfall-data");
if (data) waterfall(document.getElementById("waterfall"), { title: gettext("What changed since last cycle, by cause"), ...JSON.parse(data.textContent) });
followJobOfAddress(gettext("Demand review"));
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

// The supply workbench: ways out, what-if.
import "./supply/pricing.js";
import "./supply/ways.js";
import "./supply/what-if.js";

document.addEventListener("jobend", (event) => { if (event.detail?.kind === "balance" && event.detail.state === "done") location.reload(); });

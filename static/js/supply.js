// The supply workbench: ways out, what-if, stock chart.
import { miniColumns } from "./charts.js";
import { readJson } from "./dom.js";
import "./supply/ways.js";
import "./supply/what-if.js";

const stock = document.getElementById("stock-days");
if (stock) miniColumns(stock, readJson("stock-data"));
document.addEventListener("jobend", (event) => { if (event.detail?.kind === "balance" && event.detail.state === "done") location.reload(); });

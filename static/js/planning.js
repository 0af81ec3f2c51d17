// Draws the small column charts of the planning pages: each element names the JSON of its figures.
import { miniColumns } from "./charts.js";

document.querySelectorAll("[data-mini]").forEach((element) => {
  miniColumns(element, JSON.parse(document.getElementById(element.dataset.mini).textContent));
});

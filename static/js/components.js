// The components page: a grid that stores nothing, and every chart once.
import { bars, bullet, forecastChart, planColumns, supplyColumns, waterfall } from "./charts.js";
import { readJson } from "./dom.js";
import { createGrid } from "./grid.js";

const demo = readJson("demo");
const at = (id) => document.getElementById(id);

createGrid(at("grid"), {
  ...demo.grid,
  saveState: at("save-state"),
  tools: at("grid-tools"),
  reset: (row, month) => demo.baseline[month] ?? null,
  comment: async () => {},
  lock: async () => {},
  needsReason: (edits) => edits.some((edit) => edit.value > 9000),
  preview: async ({ value, base }) => {
    const north = Math.round((value ?? 0) * 0.4);
    return { rule: demo.splitRule, leaves: [
      { label: demo.regions[0], before: Math.round((base ?? 0) * 0.4), after: north },
      { label: demo.regions[1], before: (base ?? 0) - Math.round((base ?? 0) * 0.4), after: (value ?? 0) - north },
    ] };
  },
});
planColumns(at("plan-columns"), demo.planColumns);
waterfall(at("waterfall"), demo.waterfall);
forecastChart(at("forecast"), demo.forecast);
supplyColumns(at("supply"), demo.supply);
bars(at("bars"), demo.bars);
bullet(at("bullet"), demo.bullet);

// The executive meeting: the chart of page 1, the decisions of page 2 with their live effect, the keys.
import { planColumns } from "./charts.js";
import { money, number, signed } from "./formats.js";
import { gettext } from "./i18n.js";
import { followJobOfAddress } from "./meetings.js";

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const revenue = document.getElementById("revenue");
if (revenue) planColumns(revenue, read("revenue-data"));

const items = [...document.querySelectorAll("[data-decision]")];
const panels = [...document.querySelectorAll("[data-panel]")];
const effect = document.getElementById("effect");
const facts = effect ? read("effects-data") : null;

function chosen() {
  const panel = panels.find((section) => !section.hidden);
  const radio = panel?.querySelector("input[name=option]:checked:not(:disabled)");
  const figures = radio?.dataset ?? { units: 0, gain: 0, revenue: 0 };
  return { revenue: Number(figures.revenue), profit: Number(figures.gain ?? 0), short: -Number(figures.units) };
}

function row(label, key, write, better) {
  const pick = chosen()[key];
  const base = facts.base[key] ?? 0;
  const change = facts.decided[key] + pick;
  const value = base + change;
  const goal = facts.goal[key];
  const tone = change === 0 ? "mut" : change * better > 0 ? "good" : "bad";
  const top = Math.max(base, value, goal ?? 0) || 1;
  const share = (amount) => `${Math.max(0, Math.min(100, (amount / top) * 100)).toFixed(1)}%`;
  return `<div class="effect"><div class="row-f"><span class="sm mut">${label}</span><span class="sp"></span><span class="sm b ${tone}">${change === 0 ? "±0" : write(change, true)}</span></div>
    <div class="row-f"><span class="b lead">${write(value)}</span><span class="sm mut">${gettext("was")} ${write(base)}</span></div>
    <div class="effect-bar"><i style="width:${share(value)}"></i>${goal ? `<b style="left:${share(goal)}"></b>` : ""}</div></div>`;
}

function showEffect() {
  if (!effect) return;
  const units = (value, sign) => (sign ? signed(value) : number(value));
  const amount = (value, sign) => money(value, { sign: Boolean(sign) });
  effect.innerHTML = row(gettext("Revenue"), "revenue", amount, 1) + ("profit" in facts.base ? row(gettext("Profit"), "profit", amount, 1) : "") + row(gettext("Units short"), "short", units, -1)
    + (facts.goal.revenue ? `<p class="mi mut">${gettext("Bar: this option. Line: budget.")}</p>` : "");
}

function open(decision) {
  items.forEach((item) => {
    const on = item.dataset.decision === decision;
    item.setAttribute("aria-selected", on);
    item.classList.toggle("on", on);
  });
  panels.forEach((panel) => { panel.hidden = panel.dataset.panel !== decision; });
  showEffect();
}

items.forEach((item) => {
  item.addEventListener("click", () => open(item.dataset.decision));
  item.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") open(item.dataset.decision); });
});
panels.forEach((panel) => panel.addEventListener("change", showEffect));
if (!items.length) showEffect();
else open(location.hash.replace("#decision-", "") || items[0].dataset.decision);

followJobOfAddress(gettext("Decisions into the plan"));
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select")) return;
  const page = Number(new URLSearchParams(location.search).get("p") ?? 1);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step && page + step >= 1 && page + step <= 3) {
    const query = new URLSearchParams(location.search);
    query.set("p", page + step);
    location.search = query;
  }
  const item = items[Number(event.key) - 1];
  if (item) open(item.dataset.decision);
  const option = panels.find((panel) => !panel.hidden)?.querySelector(`input[name=option][value="${event.key.toUpperCase()}"]`);
  if (option && !option.disabled) { option.checked = true; showEffect(); }
});

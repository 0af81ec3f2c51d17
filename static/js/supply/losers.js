// Who gets less or later by what is tried.
import { el } from "../dom.js";
import { number } from "../formats.js";
import { fill, gettext, ngettext } from "../i18n.js";
import { cash } from "./asking.js";

const MOST = 6;

/** Fill a box of a heading and a list; hidden while nobody loses. `total` counts those beyond the listed ones, too. */
export function drawLosers(box, losers, total = losers.length) {
  if (!box) return;
  box.hidden = !losers.length;
  if (!losers.length) return;
  const later = (units) => fill(gettext("%(units)s later"), { units: number(units) });
  box.querySelector("h3").textContent = fill(ngettext("%(n)s gets less or later", "%(n)s get less or later", total), { n: number(total) });
  box.querySelector("ul").replaceChildren(...losers.slice(0, MOST).map((one) => el("li", { class: "row-f" },
    el("span", { class: "cut" }, el("b", {}, one.label), ` · ${one.org_label}`, el("span", { class: "sub" }, fill(gettext("from %(month)s"), { month: one.month }))),
    el("span", { class: "sp" }),
    el("span", { class: "num nw bad b" }, one.less ? `−${number(one.less)}` : later(one.later), one.less && one.later ? el("span", { class: "sub" }, later(one.later)) : null),
    el("span", { class: "num nw" }, cash(one.revenue)))));
}

// The number passport: any figure with a dotted line opens where it comes from. One dialog for every page.
//
// A figure is marked by the tag {% figure %}: <button class="fig" data-passport="12" data-measure="revenue" …>.
// Scripts open one with openPassport({version, measure, product, org, from, to}, anchor); a page's address may ask
// for one with ?passport=12&measure=… (the finder does).
import { announce, el, icon } from "./dom.js";
import { fill, gettext, ngettext } from "./i18n.js";

const FIELDS = ["measure", "product", "org", "from", "to"];
const GAP = 6;
let asked = 0;

function dialog() {
  const found = document.getElementById("passport-dialog");
  if (found) return found;
  const made = el("dialog", { class: "pop passport", id: "passport-dialog", "aria-labelledby": "passport-title" });
  made.addEventListener("click", (event) => event.target === made && made.close());
  document.body.append(made);
  return made;
}

function line(term, ...text) {
  return text.some(Boolean) ? [el("dt", {}, term), el("dd", {}, ...text)] : [];
}

function parts(passport) {
  if (!passport.parts.length) return null;
  const others = passport.others;
  const rows = passport.parts.map((part) =>
    el("tr", {}, el("th", { scope: "row" }, part.label), el("td", { class: "num mut" }, part.detail), el("td", { class: "num" }, part.text)));
  if (others) {
    const text = fill(ngettext("%(count)s other", "%(count)s others", others.count), { count: others.count });
    rows.push(el("tr", {}, el("th", { scope: "row", class: "mut" }, text), el("td", {}), el("td", { class: "num" }, others.text)));
  }
  const total = el("tr", { class: "tot" }, el("th", { scope: "row" }, gettext("Total")), el("td", {}), el("td", { class: "num" }, passport.text));
  return el("table", { class: "t nohov", "aria-label": gettext("What adds up to it") }, el("tbody", {}, ...rows, total));
}

function edits(passport) {
  if (!passport.edits.length) return el("p", { class: "mut" }, gettext("Nobody typed a figure here: it is calculated or imported."));
  const rows = passport.edits.map((edit) => el("tr", {},
    el("td", {}, edit.where, edit.why ? el("span", { class: "sub" }, edit.why) : null),
    el("td", { class: "num nw" }, `${edit.before} → `, el("b", {}, edit.after)),
    el("td", { class: "nw" }, edit.by, el("span", { class: "sub" }, edit.when))));
  return el("table", { class: "t nohov", "aria-label": gettext("Last edits") }, el("tbody", {}, ...rows));
}

function editsButton(passport, panel) {
  const count = passport.edits.length;
  const text = passport.more_edits
    ? fill(gettext("Last %(count)s edits"), { count })
    : fill(ngettext("%(count)s edit", "%(count)s edits", count), { count });
  return el("button", {
    class: "btn btn-s xs", type: "button", "aria-expanded": "false", "aria-controls": "passport-edits",
    onclick: (event) => {
      panel.hidden = !panel.hidden;
      event.currentTarget.setAttribute("aria-expanded", String(!panel.hidden));
    },
  }, icon("history"), ` ${text}`);
}

async function copy(code) {
  await navigator.clipboard?.writeText(code);
  announce(gettext("Code copied"));
}

function draw(box, passport) {
  const frozen = passport.frozen;
  const past = el("div", { id: "passport-edits", hidden: true }, edits(passport));
  const names = passport.sources.length > 1;
  box.replaceChildren(
    el("header", {}, icon("shield-check", { small: false }), el("span", { id: "passport-title" }, gettext("Number passport")), el("span", { class: "sp" }),
      el("button", { class: "icb", type: "button", "aria-label": gettext("Close"), onclick: () => box.close() }, icon("x"))),
    el("div", { class: "in" },
      el("div", { class: "passport-figure" }, el("b", {}, passport.text), " ", el("span", { class: "mut" }, `${passport.unit} · ${passport.label} · ${passport.plan}`)),
      passport.undefined ? el("p", { class: "mut" }, passport.undefined) : null,
      el("dl", { class: "kv" },
        ...line(gettext("Formula"), passport.formula),
        ...line(gettext("Scope"), passport.scope),
        ...passport.sources.flatMap((source) => line(gettext("From"), names ? `${source.label}: ${source.text}` : source.text)),
        ...line(gettext("Frozen by"), frozen ? `${frozen.text} · ${frozen.kind}` : el("span", { class: "warn" }, gettext("not frozen, may still change"))),
        ...line(gettext("Code"), el("span", { class: "code" }, passport.code))),
      parts(passport), past),
    el("footer", {}, el("button", { class: "btn btn-s xs", type: "button", onclick: () => copy(passport.code) }, icon("link"), ` ${gettext("Copy code")}`),
      editsButton(passport, past), el("span", { class: "sp" }), el("kbd", {}, "Esc")));
}

/** Beside the figure where there is room, else in the middle. */
function place(box, anchor) {
  box.style.cssText = "";
  if (!anchor) return;
  const [at, size] = [anchor.getBoundingClientRect(), box.getBoundingClientRect()];
  const below = at.bottom + GAP + size.height <= innerHeight ? at.bottom + GAP : Math.max(8, Math.min(at.top - GAP - size.height, innerHeight - size.height - 8));
  const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
  box.style.cssText = `margin:0;left:${left}px;top:${below < 8 ? 8 : below}px`;
}

export async function openPassport({ version, ...address }, anchor = null) {
  const mine = ++asked;
  const query = new URLSearchParams(FIELDS.map((name) => [name, address[name]]).filter(([, value]) => value));
  const response = await fetch(`/api/v1/plans/${version}/passport/?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (mine !== asked) return;
  if (!response?.ok) {
    announce(answer?.detail ?? gettext("The server did not answer. Try again."), { urgent: true });
    return;
  }
  const box = dialog();
  draw(box, answer);
  if (!box.open) box.showModal();
  place(box, anchor);
  box.addEventListener("close", () => anchor?.focus?.(), { once: true });
}

document.addEventListener("click", (event) => {
  const figure = event.target.closest("[data-passport]");
  if (!figure) return;
  event.preventDefault();
  const { passport: version, measure, product, org, from, to } = figure.dataset;
  openPassport({ version, measure, product, org, from, to }, figure);
});

const wanted = new URLSearchParams(location.search);
if (wanted.get("passport")) openPassport({ version: wanted.get("passport"), ...Object.fromEntries(FIELDS.map((name) => [name, wanted.get(name)])) });

// The Excel round trip: export the place, bring a workbook back, see every change beside the plan of this moment,
// choose where somebody else was faster, save all chosen cells together or none.
import { announce, el, icon, send } from "./dom.js";
import { clockSeconds, dayMonth, number, signed } from "./formats.js";
import { monthCode } from "./grid/plan.js";
import { fill, gettext, ngettext } from "./i18n.js";

const URL_PATH = "/api/v1/demand/workbook/";
const SHOWN = 400; // rows drawn; the rest is saved with them and counted

/** `context()` → {cycle, version, product, org, spread}; `saved()` runs after cells were written. */
export function mountWorkbook(button, { context, choices, saved }) {
  button.addEventListener("click", () => open({ context, choices, saved }));
}

function open(options) {
  const dialog = el("dialog", { class: "pop workbook", "aria-labelledby": "workbook-title", style: "width:820px" });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  showStart(dialog, options);
  dialog.showModal();
}

const head = (text) => el("header", { id: "workbook-title" }, icon("table", { small: false }), text);
const problemLine = () => el("div", { class: "field-error", role: "alert", hidden: true });
const say = (line, text) => {
  line.textContent = text;
  line.hidden = false;
};

// Start: download or upload ---------------------------------------------------------------------------------------
function showStart(dialog, options) {
  const { cycle, version, product, org } = options.context();
  const link = (below, text) => {
    const query = new URLSearchParams(Object.entries({ cycle, version, product, org, below }).filter(([, value]) => value));
    return el("a", { class: "btn btn-s", href: `${URL_PATH}?${query}`, download: "" }, text);
  };
  const problem = problemLine();
  const file = el("input", { class: "form-control", type: "file", id: "workbook-file", accept: ".xlsx", style: "height:auto;padding:3px 6px" });
  const go = el("button", { class: "btn btn-p", type: "button" }, gettext("Upload and compare"));
  go.addEventListener("click", async () => {
    if (!file.files.length) return say(problem, gettext("Choose the workbook to bring back."));
    go.disabled = true;
    const answer = await upload(file.files[0]);
    go.disabled = false;
    if (answer.error) return say(problem, answer.error);
    showChanges(dialog, answer, { ...options, file: file.files[0] });
  });
  dialog.replaceChildren(
    head(gettext("Work in Excel")),
    el("div", { class: "in g", style: "gap:14px" },
      el("div", {}, el("h3", {}, gettext("1 Export")), el("p", { class: "mut sm" }, gettext("Light cells can be changed. The file remembers what every figure was.")),
        el("div", { class: "row-f", style: "flex-wrap:wrap" }, link("", gettext("This place")), link("product", gettext("With the products below")), link("org", gettext("With the regions below")))),
      el("div", {}, el("h3", {}, gettext("2 Bring it back")), el("p", { class: "mut sm" }, gettext("Nothing is saved before you have seen every change.")),
        el("div", { class: "row-f" }, el("label", { class: "visually-hidden", for: "workbook-file" }, gettext("Workbook to bring back")), file, go), problem)),
    el("footer", {}, el("span", { class: "sp" }), closer(dialog)),
  );
}

const closer = (dialog, text = gettext("Close")) => el("button", { class: "btn btn-s", type: "button", onclick: () => dialog.close() }, text);

async function upload(file) {
  const body = new FormData();
  body.set("file", file);
  const response = await send(URL_PATH, { body }).catch(() => null);
  const answer = (await response?.json().catch(() => null)) ?? {};
  return response?.ok ? answer : { error: answer.detail ?? gettext("The server did not answer. Try again.") };
}

// Changes: base, theirs, mine -------------------------------------------------------------------------------------
function showChanges(dialog, answer, options) {
  const chosen = answer.cells.map((cell) => (cell.state === "clean" ? "mine" : null));
  const problem = problemLine();
  const save = el("button", { class: "btn btn-p", type: "button", id: "workbook-save" });
  const why = el("span", { class: "why" });
  const reason = el("select", { class: "form-select", id: "workbook-reason", required: true }, el("option", { value: "" }, gettext("Choose …")), options.choices.reasons.map(({ code, label }) => el("option", { value: code }, label)));
  const evidence = el("input", { class: "form-control", maxlength: 2000, id: "workbook-evidence" });
  const draw = () => {
    const open_ = chosen.filter((side) => side === null).length;
    const n = chosen.filter((side) => side === "mine").length;
    save.textContent = fill(ngettext("Save %(n)s cell", "Save %(n)s cells", n), { n });
    save.disabled = open_ > 0 || n === 0;
    why.textContent = open_ ? fill(ngettext("%(n)s conflict to decide", "%(n)s conflicts to decide", open_), { n: open_ }) : "";
  };
  const table = changeTable(answer.cells, chosen, draw);
  save.addEventListener("click", async () => {
    if (reason.isConnected && !reason.reportValidity()) return;
    save.disabled = true;
    const wanted = answer.cells.filter((_, i) => chosen[i] === "mine");
    const result = await saveCells(answer, wanted, { reason: reason.value, comment: evidence.value.trim(), spread: options.context().spread });
    if (result.again) {
      const fresh = await upload(options.file);
      if (fresh.error) return say(problem, fresh.error);
      showChanges(dialog, fresh, options);
      return announce(gettext("The plan changed meanwhile. Nothing was saved; look at the conflicts again."), { urgent: true });
    }
    draw();
    if (result.error) return say(problem, result.error);
    dialog.close();
    announce(fill(ngettext("Saved %(n)s cell.", "Saved %(n)s cells.", wanted.length), { n: wanted.length }));
    options.saved();
  });
  draw();
  const needs = answer.cells.some((cell) => cell.needs_reason);
  dialog.replaceChildren(
    head(fill(gettext("%(place)s, exported by %(who)s %(when)s"), { place: answer.place, who: answer.exported_by, when: when(answer.exported_at) })),
    el("div", { class: "in g", style: "gap:10px" },
      summary(answer),
      answer.cells.length ? table : null,
      answer.rejected.length ? rejectedTable(answer.rejected) : null,
      needs ? el("div", { class: "g", style: "grid-template-columns:1fr 2fr;gap:8px" }, el("label", {}, gettext("Reason"), reason), el("label", {}, gettext("Evidence"), evidence)) : null,
      problem),
    el("footer", {}, el("span", { class: "sm mut" }, gettext("All chosen cells are saved together, or none.")), el("span", { class: "sp" }), why, closer(dialog, gettext("Cancel")), save),
  );
}

function summary({ cells, rejected, agreed }) {
  const conflicts = cells.filter((cell) => cell.state === "conflict").length;
  const parts = [
    fill(ngettext("%(n)s changed cell", "%(n)s changed cells", cells.length), { n: cells.length }),
    conflicts ? fill(ngettext("%(n)s of them changed by others too", "%(n)s of them changed by others too", conflicts), { n: conflicts }) : "",
    agreed ? fill(ngettext("%(n)s already reads as you want it", "%(n)s already read as you want them", agreed), { n: agreed }) : "",
    rejected.length ? fill(ngettext("%(n)s left out", "%(n)s left out", rejected.length), { n: rejected.length }) : "",
  ].filter(Boolean);
  return el("p", { class: "b" }, parts.join(" · "));
}

function changeTable(cells, chosen, draw) {
  const rows = cells.slice(0, SHOWN).map((cell, i) => changeRow(cell, i, chosen, draw));
  const heads = [[gettext("Cell")], [gettext("Exported"), "num"], [gettext("Theirs"), "num"], [gettext("Mine"), "num"], [gettext("By")], [gettext("Keep")]];
  const rest = cells.length - rows.length;
  return el("div", { class: "boxed", style: "max-height:44vh;overflow:auto", tabindex: 0, role: "region", "aria-label": gettext("Changed cells") },
    el("table", { class: "t nohov" },
      el("thead", {}, el("tr", {}, heads.map(([text, kind]) => el("th", { class: kind, scope: "col" }, text)))),
      el("tbody", {}, rows, rest > 0 ? el("tr", {}, el("td", { class: "mut", colspan: 6 }, fill(ngettext("and %(n)s more", "and %(n)s more", rest), { n: rest }))) : null)));
}

function changeRow(cell, i, chosen, draw) {
  const isConflict = cell.state === "conflict";
  const buttons = ["mine", "theirs"].map((side) => el("button", { type: "button", "aria-pressed": "false", onclick: () => pick(side) }, side === "mine" ? gettext("Mine") : gettext("Theirs")));
  const pick = (side) => {
    chosen[i] = side;
    show();
    draw();
  };
  const show = () => buttons.forEach((button, k) => {
    const isOn = chosen[i] === (k === 0 ? "mine" : "theirs");
    button.classList.toggle("on", isOn);
    button.setAttribute("aria-pressed", String(isOn));
  });
  show();
  return el("tr", isConflict ? { class: "hl", "data-conflict": true } : {},
    el("td", {}, cell.label), el("td", { class: "num mut" }, number(cell.base, decimals(cell.base))),
    el("td", { class: `num${isConflict ? " b bad" : " mut"}` }, number(cell.theirs, decimals(cell.theirs))),
    el("td", { class: "num b" }, number(cell.mine, decimals(cell.mine)), el("span", { class: "sub" }, signed((cell.mine ?? 0) - (cell.theirs ?? 0), decimals(cell.mine)))),
    el("td", { class: "nw" }, isConflict ? [cell.by || "–", cell.at ? el("span", { class: "sub" }, when(cell.at)) : ""] : ""),
    el("td", {}, el("span", { class: "seg", role: "group", "aria-label": fill(gettext("Keep for %(cell)s"), { cell: cell.label }) }, buttons)));
}

const decimals = (value) => (value === null || Number.isInteger(value) ? 0 : 3);
const when = (at) => {
  const date = new Date(at);
  return Number.isNaN(date.valueOf()) ? "" : `${dayMonth(date)} ${clockSeconds(date)}`;
};

function rejectedTable(rejected) {
  const rows = rejected.map(({ line, label, content, reason }) => el("tr", {}, el("td", {}, line ? fill(gettext("row %(n)s"), { n: line }) : "–"), el("td", {}, label), el("td", { class: "mono sm" }, content), el("td", { style: "white-space:normal" }, reason)));
  return el("div", {},
    el("div", { class: "row-f" }, el("b", { class: "warn" }, gettext("Left out, with reasons")), el("span", { class: "sp" }), el("button", { class: "btn btn-t xs", type: "button", onclick: () => downloadRejected(rejected) }, gettext("Download as CSV"))),
    el("div", { class: "boxed", style: "max-height:20vh;overflow:auto", tabindex: 0, role: "region", "aria-label": gettext("Left out, with reasons") },
      el("table", { class: "t nohov" }, el("tbody", {}, rows))));
}

/** Text never acts as a formula in the spreadsheet that opens the file. */
function downloadRejected(rejected) {
  const safe = (text) => (text && "=+-@\t\r".includes(text[0]) ? "'" + text : text);
  const quote = (text) => '"' + safe(text).replaceAll('"', '""') + '"';
  const heads = [gettext("row"), gettext("cell"), gettext("content"), gettext("reason")];
  const lines = [heads, ...rejected.map((r) => [String(r.line || ""), r.label, r.content, r.reason])];
  const blob = new Blob(["\ufeff", lines.map((line) => line.map(quote).join(",")).join("\r\n"), "\r\n"], { type: "text/csv" });
  const link = el("a", { href: URL.createObjectURL(blob), download: "rejected.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function saveCells(answer, wanted, { reason, comment, spread }) {
  const edits = wanted.map((cell) => ({
    measure: cell.measure, product: cell.product, org: cell.org, month: monthCode(cell.month), value: cell.mine, base: cell.theirs, spread,
    ...(cell.needs_reason ? { reason } : {}), ...(comment ? { comment } : {}),
  }));
  const headers = { "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
  const response = await send(`/api/v1/plans/${answer.version}/cells:batch`, { body: { mode: "all_or_nothing", edits }, headers }).catch(() => null);
  if (response?.ok) return {};
  const problem = (await response?.json().catch(() => null)) ?? {};
  if (problem.results?.some((result) => result.status === "conflict")) return { again: true };
  const refused = problem.results?.findIndex((result) => result.status === "refused" && result.message);
  const told = refused >= 0 ? ` ${wanted[refused].label}: ${problem.results[refused].message}` : "";
  return { error: `${problem.detail ?? gettext("The server did not answer. Try again.")}${told}` };
}

// What the grid asks: a reason, a comment, a look before pasting, mine or theirs.
import { el, icon } from "../dom.js";
import { number, signed } from "../formats.js";
import { fill, gettext, ngettext } from "../i18n.js";

/** A dialog that resolves once: `build(finish)` returns its content; Esc and the cancel button give null. */
function ask(build, { modal = true, label, style = "", at = null } = {}) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "pop", "aria-label": label, style });
    const finish = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    dialog.append(...build(finish));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      finish(null);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape") finish(null);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) dialog.querySelector("[data-primary]:not([disabled])")?.click();
      event.stopPropagation();
    });
    document.body.append(dialog);
    if (modal) dialog.showModal();
    else {
      dialog.show();
      new ResizeObserver(() => dialog.isConnected && place(dialog, at)).observe(dialog); // advice and split come later
    }
    (dialog.querySelector("[data-first]") ?? dialog.querySelector("[data-primary]"))?.focus();
  });
}

/** Beside the cell, never over it, inside the window. */
function place(dialog, cell) {
  const box = cell.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = dialog;
  const hasRoomRight = box.right + 8 + width < innerWidth;
  Object.assign(dialog.style, {
    position: "fixed",
    margin: "0",
    left: `${Math.max(8, hasRoomRight ? box.right + 8 : box.left - width - 8)}px`,
    top: `${Math.max(8, Math.min(box.top - 40, innerHeight - height - 10))}px`,
  });
}

const primary = (text, run) => el("button", { class: "btn btn-p xs", type: "button", "data-primary": true, onclick: run }, text);
const secondary = (text, run) => el("button", { class: "btn btn-s xs", type: "button", onclick: run }, text);
const space = () => el("span", { class: "sp" });
const keysHint = () =>
  el("span", { class: "sm mut" }, el("kbd", {}, "Ctrl"), " ", el("kbd", {}, "Enter"), ` ${gettext("save")} · `, el("kbd", {}, "Esc"), ` ${gettext("cancel")}`);

function choice(label, list, chosen, extra = {}) {
  const field = el("select", { class: "form-select", ...extra }, ...list.map(({ code, label: text }) => el("option", { value: code, selected: code === chosen }, text)));
  return { field, node: el("label", {}, label, field) };
}

// Reason ---------------------------------------------------------------------------------------------------------
export function askReason(grid, block, edits) {
  const { model, options, lastReason } = grid;
  const [first] = block;
  const decimals = model.decimals(first.row);
  const after = first.value ?? first.shown ?? null;
  const title = block.length === 1
    ? `${model.row(first.row).label} · ${model.columns[first.col].long}`
    : fill(ngettext("%(n)s cell", "%(n)s cells", block.length), { n: block.length });
  const total = (pick) => block.reduce((sum, c) => sum + (pick(c) ?? 0), 0);
  const [was, is] = [total((c) => c.before), total((c) => c.value ?? c.shown)];
  const chosen = lastReason.reason ?? "";
  const reasons = options.reasons ?? [];
  const unchosen = chosen || !reasons.length ? [] : [{ code: "", label: gettext("Choose …") }]; // chosen by nobody explains nothing
  const reason = choice(gettext("Reason"), [...unchosen, ...reasons], chosen, { "data-first": true, required: reasons.length > 0 });
  const cause = choice(gettext("Linked assumption"), [{ code: "", label: "–" }, ...(options.causes ?? [])], lastReason.cause);
  const evidence = el("textarea", { class: "form-control", rows: 2 });
  const split = el("div");
  const advice = el("div", { class: "advice sm", role: "status" });
  options.advice?.(edits).then((lines) => advice.append(...lines.map(({ tone, text }) => el("div", { class: tone }, icon(tone === "good" ? "circle-check" : "triangle-alert"), ` ${text}`)))).catch(() => {});
  if (options.preview && block.length === 1 && after !== null) {
    options.preview(edits[0]).then((answer) => split.append(splitTable(answer, decimals))).catch(() => {});
  }
  return ask((finish) => [
    el("header", {}, title, space(),
      el("span", { class: "mut", style: "font-weight:400" }, number(was, decimals)), icon("arrow-right"), number(is, decimals),
      el("span", { class: "sm mut" }, signed(is - was, decimals))),
    el("div", { class: "in g", style: "gap:9px" },
      el("div", { class: "g", style: "grid-template-columns:1fr 1fr;gap:8px" }, reason.node, cause.node),
      advice, el("label", {}, gettext("Evidence"), evidence), split),
    el("footer", {}, keysHint(), space(), secondary(gettext("Cancel"), () => finish(null)),
      primary(gettext("Save change"), () => reason.field.reportValidity() && finish({ reason: reason.field.value, cause: cause.field.value || undefined, comment: evidence.value.trim() || undefined }))),
  ], { modal: false, at: grid.cellElement(first), label: gettext("Reason and split"), style: "width:424px" });
}

function splitTable({ rule, leaves }, decimals) {
  const change = leaves.reduce((sum, leaf) => sum + leaf.after - leaf.before, 0);
  const rows = leaves.map(({ label, before, after, locked }) =>
    el("tr", {}, el("td", {}, label, " ", locked ? icon("lock", { label: gettext("locked") }) : ""),
      el("td", { class: "num mut" }, number(before, decimals)), el("td", { class: "num b" }, number(after, decimals)),
      el("td", { class: "num mut" }, locked ? gettext("locked") : signed(after - before, decimals))));
  return el("div", {},
    el("div", { class: "row-f", style: "margin-bottom:2px" }, el("span", { class: "b sm" }, gettext("Split preview")), el("span", { class: "mut sm" }, rule), space(),
      el("span", { class: "sm mut" }, fill(gettext("Sum %(change)s, exact"), { change: signed(change, decimals) }))),
    el("div", { style: "max-height:200px;overflow:auto", tabindex: 0, role: "group", "aria-label": gettext("Split preview") }, el("table", { class: "t nohov boxed" }, el("tbody", {}, rows))));
}

// Comment --------------------------------------------------------------------------------------------------------
export function askComment(grid, at, text) {
  const field = el("textarea", { class: "form-control", rows: 3, "data-first": true });
  field.value = typeof text === "string" ? text : "";
  const kinds = grid.options.notes ?? [];
  const kind = choice(gettext("Kind of note"), kinds, kinds[0]?.code);
  return ask((finish) => [
    el("header", {}, icon("message-square"), `${grid.model.row(at.row).label} · ${grid.model.columns[at.col].long}`),
    el("div", { class: "in g", style: "gap:8px" }, kinds.length ? kind.node : null, el("label", { style: "display:block" }, gettext("Comment"), field)),
    el("footer", {}, keysHint(), space(), secondary(gettext("Cancel"), () => finish(null)), primary(gettext("Save comment"), () => finish({ text: field.value.trim(), kind: kinds.length ? kind.field.value : undefined }))),
  ], { modal: false, at: grid.cellElement(at), label: gettext("Comment"), style: "width:360px" });
}

// Paste ----------------------------------------------------------------------------------------------------------
export function previewPaste(grid, plan) {
  const { model } = grid;
  const total = (pick) => plan.changes.reduce((sum, c) => sum + (pick(c) ?? 0), 0);
  const decimals = Math.max(0, ...plan.changes.map((c) => model.decimals(c.row)));
  const [was, is] = [total((c) => c.before), total((c) => c.value)];
  const notes = [
    [plan.readOnly, ngettext("%(n)s read-only cell stays as it is.", "%(n)s read-only cells stay as they are.", plan.readOnly)],
    [plan.blank, ngettext("%(n)s blank is left out.", "%(n)s blanks are left out.", plan.blank)],
    [plan.outside, ngettext("%(n)s value lies outside the grid.", "%(n)s values lie outside the grid.", plan.outside)],
  ].filter(([n]) => n);
  const unreadable = plan.unreadable.slice(0, 5).map(({ row, col, text }) =>
    el("li", { class: "bad" }, `${model.row(row).label} · ${model.columns[col].long}: “${text}”`));
  const isReady = plan.changes.length > 0 && !plan.unreadable.length;
  const n = plan.changes.length;
  return ask((finish) => [
    el("header", {}, fill(ngettext("Paste %(n)s cell", "Paste %(n)s cells", n), { n }), space(),
      el("span", { class: "sm mut", style: "font-weight:400" }, fill(gettext("%(rows)s rows × %(columns)s months"), { rows: plan.size.height, columns: plan.size.width }))),
    el("div", { class: "in g", style: "gap:8px" },
      el("div", { class: "row-f" }, gettext("Sum of the changed cells"), space(), el("span", { class: "mut" }, number(was, decimals)), icon("arrow-right"),
        el("b", {}, number(is, decimals)), el("span", { class: "sm mut" }, signed(is - was, decimals))),
      pasteTable(model, plan),
      ...notes.map(([count, text]) => el("div", { class: "sm warn" }, icon("triangle-alert"), ` ${fill(text, { n: count })}`)),
      unreadable.length ? el("div", { class: "sm" }, el("b", { class: "bad" }, gettext("Not a number of this plan. Mend it in Excel and copy again:")), el("ul", {}, unreadable)) : null),
    el("footer", {}, el("span", { class: "sm mut" }, gettext("All cells are saved together, or none.")), space(), secondary(gettext("Cancel"), () => finish(null)),
      el("button", { class: "btn btn-p xs", type: "button", "data-primary": true, "data-first": true, disabled: !isReady, onclick: () => finish(true) },
        fill(ngettext("Paste %(n)s cell", "Paste %(n)s cells", n), { n }))),
  ], { label: gettext("Paste preview"), style: "width:560px" });
}

function pasteTable(model, plan) {
  const rows = plan.changes.slice(0, 8).map((c) =>
    el("tr", {}, el("td", {}, `${model.row(c.row).label} · ${model.columns[c.col].long}`), el("td", { class: "num mut" }, number(c.before, model.decimals(c.row))),
      el("td", { class: "num b" }, number(c.value, model.decimals(c.row))), el("td", { class: "num mut" }, signed(c.value - (c.before ?? 0), model.decimals(c.row)))));
  const rest = plan.changes.length - rows.length;
  if (rest > 0) rows.push(el("tr", {}, el("td", { class: "mut", colspan: 4 }, fill(ngettext("and %(n)s more", "and %(n)s more", rest), { n: rest }))));
  return el("table", { class: "t nohov boxed" }, el("tbody", {}, rows));
}

// Conflict -------------------------------------------------------------------------------------------------------
export function showConflicts(grid, conflicts, heldCount = 0) {
  const { model } = grid;
  const chosen = conflicts.map(() => "mine");
  const row = (c, i) => {
    const decimals = model.decimals(c.row);
    const buttons = ["mine", "theirs"].map((side) =>
      el("button", { type: "button", class: side === "mine" ? "on" : "", "aria-pressed": String(side === "mine"), onclick: () => pick(side) }, side === "mine" ? gettext("Mine") : gettext("Theirs")));
    const pick = (side) => {
      chosen[i] = side;
      buttons.forEach((button, k) => {
        const isOn = (k === 0) === (side === "mine");
        button.classList.toggle("on", isOn);
        button.setAttribute("aria-pressed", String(isOn));
      });
    };
    return el("tr", {}, el("td", {}, `${model.row(c.row).label} · ${model.columns[c.col].long}`),
      el("td", { class: "num mut" }, number(c.before, decimals)), el("td", { class: "num b" }, number(c.mine, decimals)), el("td", { class: "num b" }, number(c.theirs, decimals)),
      el("td", { class: "nw" }, [c.by, clock(c.at)].filter(Boolean).join(" "), c.reason ? el("span", { class: "sub" }, fill(gettext("reason: %(reason)s"), { reason: c.reason })) : ""),
      el("td", {}, el("span", { class: "seg", role: "group", "aria-label": gettext("Keep") }, buttons)));
  };
  const n = conflicts.length;
  const head = [[gettext("Cell")], [gettext("Before"), "num"], [gettext("Mine"), "num"], [gettext("Theirs"), "num"], [gettext("By")], [gettext("Keep")]];
  return ask((finish) => [
    el("header", {}, el("span", { class: "bad" }, icon("users", { small: false })), fill(ngettext("%(n)s cell was changed while you were typing", "%(n)s cells were changed while you were typing", n), { n })),
    el("div", { class: "in" }, el("p", { class: "mut" }, fate(heldCount)),
      el("table", { class: "t nohov" }, el("thead", {}, el("tr", {}, head.map(([text, kind]) => el("th", { class: kind, scope: "col" }, text)))), el("tbody", {}, conflicts.map(row)))),
    el("footer", {}, space(), el("button", { class: "btn btn-s", type: "button", onclick: () => finish(conflicts.map(() => "theirs")) }, gettext("Keep theirs for all")),
      el("button", { class: "btn btn-p", type: "button", "data-primary": true, "data-first": true, onclick: () => finish(chosen) }, gettext("Save choice"))),
  ], { label: gettext("Changed by somebody else"), style: "width:640px" });
}

const fate = (held) =>
  held
    ? fill(ngettext("Nothing is lost. The other %(n)s cell of the block waits for your choice, then all are saved together.", "Nothing is lost. The other %(n)s cells of the block wait for your choice, then all are saved together.", held), { n: held })
    : gettext("Nothing is lost. Everything else you typed is saved. Choose one value per cell.");

function clock(at) {
  const date = at ? new Date(at) : null;
  return date && !Number.isNaN(date.valueOf()) ? date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }) : (at ?? "");
}

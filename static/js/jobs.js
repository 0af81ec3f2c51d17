// Background runs: a toast with step, share and cancel while a job runs, a word and a link when it ended.
import { announce, el, icon, send } from "./dom.js";
import { clockSeconds, dayMonth, number } from "./formats.js";
import { fill, gettext } from "./i18n.js";

const ROUTE = "/api/v1/jobs/";
const POLL_MS = 1000;
const QUIET_MS = 800; // shorter runs show nothing
const KEPT = "sop.jobs";
const ENDED = new Set(["done", "failed", "cancelled", "stale"]);

const kept = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
const keep = (jobs) => sessionStorage.setItem(KEPT, JSON.stringify(jobs));

/**
 * Follow a job until it ends. `title` names it, `link` {url, label} leads to its result.
 * Resolves to the ended job, after the runs that follow it by themselves (`result.then`); also sends a "jobend" event
 * on document with the job as detail.
 */
export function followJob(id, { title = "", link = null } = {}) {
  keep([...kept().filter((job) => job.id !== id), { id, title, link }]);
  return poll(id, { title, link, since: Date.now() });
}

/** Take up the jobs of the page before, and buttons like <button data-job-kind="forecast" data-job-scope='{…}'>. */
export function watchJobs() {
  for (const { id, ...rest } of kept()) poll(id, { ...rest, since: 0 });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-job-url]");
    if (button) start(button);
  });
  document.addEventListener("show.bs.dropdown", openBell);
}

async function start(button) {
  button.disabled = true;
  const response = await send(button.dataset.jobUrl, { body: JSON.parse(button.dataset.jobBody ?? "{}") }).catch(() => null);
  button.disabled = false;
  const answer = response ? await response.json().catch(() => ({})) : {};
  const id = answer.id ?? answer.job?.id ?? answer.job;
  if (!response?.ok || !id) {
    failure(button.dataset.jobTitle ?? "", answer.detail ?? gettext("The server did not answer. Try again."), answer.code ?? "");
    return;
  }
  const link = button.dataset.jobLink ? { url: button.dataset.jobLink, label: button.dataset.jobLinkLabel ?? gettext("See result") } : null;
  followJob(id, { title: answer.title ?? button.dataset.jobTitle, link });
}

async function poll(id, { title, link, since }) {
  let toast = null;
  for (;;) {
    const job = await read(id);
    if (job === null) return forget(id, toast);
    if (job && ENDED.has(job.state)) {
      forget(id, toast);
      ended(job, title, link);
      await Promise.all((job.result?.then ?? []).map((next) => poll(next, { title: "", link: null, since: Date.now() })));
      document.dispatchEvent(new CustomEvent("jobend", { detail: job }));
      return job;
    }
    if (job && Date.now() - since > QUIET_MS) {
      toast ??= addToast(el("div", { class: "toast-x" }));
      drawRunning(toast, job, title);
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** The job; undefined when the server is away for the moment; null when there is no such job. */
async function read(id) {
  const response = await fetch(`${ROUTE}${id}/`, { headers: { Accept: "application/json" } }).catch(() => undefined);
  if (response?.ok) return response.json();
  return response && [401, 403, 404].includes(response.status) ? null : undefined;
}

function forget(id, toast) {
  keep(kept().filter((job) => job.id !== id));
  toast?.remove();
  return null;
}

function drawRunning(toast, job, title) {
  const share = Math.round((job.progress ?? 0) / 10);
  const cancel = job.cancel_requested
    ? el("span", { class: "mut" }, gettext("stopping"))
    : el("button", { class: "btn btn-t xs", type: "button", onclick: () => send(`${ROUTE}${job.id}/cancel/`) }, gettext("Cancel"));
  const expected = job.expected_seconds ? fill(gettext("about %(n)s s"), { n: number(job.expected_seconds) }) : "";
  toast.replaceChildren(
    el("div", { class: "row-f" }, el("b", {}, job.title ?? title), el("span", { class: "sp" }), el("span", { class: "sm mut" }, [expected, `${share} %`].filter(Boolean).join(" · "))),
    el("div", { class: "bar", role: "progressbar", "aria-valuenow": share, "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": job.title ?? title }, el("i", { style: `width:${share}%` })),
    el("div", { class: "row-f sm mut" }, job.step || gettext("waiting for a free worker"), el("span", { class: "sp" }), cancel));
}

function ended(job, title, given) {
  const name = job.title ?? title;
  const link = given ?? (job.result_url ? { url: job.result_url, label: gettext("See result") } : null);
  if (job.state === "failed") {
    failure(fill(gettext("%(name)s stopped"), { name }), job.error || gettext("Try again. If it fails again, tell the administrator."), job.error_code);
    return;
  }
  const seconds = (new Date(job.finished_at) - new Date(job.started_at)) / 1000;
  const words = {
    done: fill(gettext("%(name)s done in %(n)s s"), { name, n: number(seconds, seconds < 10 ? 1 : 0) }),
    cancelled: fill(gettext("%(name)s cancelled, nothing was changed"), { name }),
    stale: fill(gettext("%(name)s: inputs changed meanwhile, run it again"), { name }),
  }[job.state];
  const box = addToast(el("div", { class: `toast-x ${job.state === "done" ? "ok" : ""}` },
    el("div", { class: "row-f" }, el("b", {}, words), el("span", { class: "sp" }), link ? el("a", { class: "sm", href: link.url }, link.label) : null, closer())));
  setTimeout(() => box.remove(), 12_000);
  markBell();
}

function failure(head, text, code) {
  addToast(el("div", { class: "toast-x er" },
    el("div", { class: "row-f" }, el("b", {}, head), el("span", { class: "sp" }), closer()),
    el("div", { class: "sm mut" }, text, code ? ` ${fill(gettext("Error %(code)s"), { code })}` : "")));
  announce(`${head}. ${text}`, { urgent: true });
  markBell();
}

const closer = () => el("button", { class: "icb", type: "button", "aria-label": gettext("Close"), onclick: (event) => event.target.closest(".toast-x").remove() }, "×");

function addToast(node) {
  document.getElementById("toasts")?.append(node);
  return node;
}

/** A dot at the bell; the list itself is read when it is opened. */
function markBell() {
  const bell = document.querySelector("[data-job-messages]")?.previousElementSibling;
  if (bell && !bell.querySelector(".new")) bell.append(el("span", { class: "new" }));
}

/** The newest runs of the person, as messages. */
async function openBell(event) {
  const box = event.target.closest(".dropdown")?.querySelector("[data-job-messages]");
  if (!box) return;
  event.target.querySelector(".new")?.remove();
  const response = await fetch(`${ROUTE}?limit=8`, { headers: { Accept: "application/json" } }).catch(() => null);
  const jobs = response?.ok ? (await response.json()).results : [];
  if (!jobs.length) {
    box.replaceChildren(el("div", { class: "dropdown-item-text mut" }, box.dataset.empty));
    return;
  }
  box.replaceChildren(...jobs.map(bellRow), el("a", { class: "dropdown-item", href: "/jobs/" }, gettext("All runs")));
}

function bellRow(job) {
  const [sign, tone, word] = {
    done: ["circle-check", "good", gettext("done")],
    failed: ["circle-alert", "bad", gettext("failed")],
    cancelled: ["x", "dim", gettext("cancelled")],
    stale: ["triangle-alert", "warn", gettext("inputs changed")],
  }[job.state] ?? ["clock", "mut", job.step || gettext("waiting")];
  const at = new Date(job.finished_at ?? job.created_at);
  const when = at.toDateString() === new Date().toDateString() ? clockSeconds(at).slice(0, 5) : dayMonth(at);
  return el("a", { class: "dropdown-item", href: job.result_url ?? `/jobs/${job.id}/` },
    el("span", { class: tone }, icon(sign, { label: word })), job.title, el("span", { class: "sm mut" }, word), el("span", { class: "sp" }), el("span", { class: "sm mut" }, when));
}

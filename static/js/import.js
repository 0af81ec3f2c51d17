// The import pages: drop files or a folder, follow the check or save, bring in its result without a reload.
import { fill, gettext, ngettext } from "./i18n.js";
import { followJob } from "./jobs.js";

const form = document.getElementById("upload-form");
const panel = document.getElementById("batch");
const RETRY_MS = 1000; // when the job itself cannot be read
const KINDS = /\.(csv|tsv|txt|xlsx|xlsm|zip)$/i;

if (form) prepareUpload();
if (panel) {
  follow();
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === panel) follow();
  });
}

function follow() {
  const head = panel.querySelector("[data-job]");
  if (!head) return;
  const { job, jobTitle, url } = head.dataset;
  const refresh = () => window.htmx.ajax("GET", url, "#batch");
  followJob(Number(job), { title: jobTitle }).then((ended) => setTimeout(refresh, ended ? 0 : RETRY_MS));
}

function prepareUpload() {
  const zone = document.getElementById("drop-zone");
  const input = document.getElementById("files");
  input.addEventListener("change", () => list(input.files));
  document.getElementById("pick-folder").addEventListener("click", () => pickFolder(input));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.style.borderColor = "var(--accent)";
  });
  zone.addEventListener("dragleave", () => (zone.style.borderColor = ""));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.style.borderColor = "";
    take(input, await droppedFiles(event.dataTransfer));
  });
  form.addEventListener("submit", () => (form.querySelector("[type=submit]").disabled = true));
}

function pickFolder(input) {
  const folder = document.createElement("input");
  folder.type = "file";
  folder.webkitdirectory = true;
  folder.addEventListener("change", () => take(input, [...folder.files]));
  folder.click();
}

function take(input, files) {
  const chosen = new DataTransfer();
  for (const file of files) if (KINDS.test(file.name) && !file.name.startsWith(".")) chosen.items.add(file);
  input.files = chosen.files;
  list(input.files);
}

function list(files) {
  const names = [...files].map((file) => file.name);
  const words = fill(ngettext("%(n)s file: %(names)s", "%(n)s files: %(names)s", names.length), { n: names.length, names: names.join(", ") });
  document.getElementById("drop-list").textContent = names.length ? words : gettext("No CSV, XLSX or ZIP file among them");
}

/** Files of a drop, with those of dropped folders one level down. */
async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const files = [];
  for (const entry of entries) files.push(...(await filesOf(entry)));
  return files;
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return files;
    for (const inner of some) if (inner.isFile) files.push(...(await filesOf(inner)));
  }
}

// Ctrl K: pages at once, products, regions and codes from the server.
import { gettext } from "./i18n.js";

const ROUTE = "/find/";
let chosen = 0;
let asked = 0;

const dialog = () => document.getElementById("find-dialog");
const list = () => document.getElementById("find-list");

function pages(text) {
  return [...document.querySelectorAll(".nav-a, .rs")]
    .map((link) => ({ label: (link.querySelector("b") ?? link.firstChild).textContent.trim(), url: link.getAttribute("href"), kind: gettext("Page") }))
    .filter((page, i, all) => page.label.toLowerCase().includes(text) && all.findIndex((p) => p.url === page.url) === i);
}

function draw(results) {
  list().replaceChildren(...results.map((result, i) => {
    const row = document.createElement("a");
    row.className = "dropdown-item";
    row.href = result.url;
    row.id = `find-${i}`;
    row.setAttribute("role", "option");
    const kind = document.createElement("span");
    kind.className = "sm mut";
    kind.textContent = result.kind;
    const gap = document.createElement("span");
    gap.className = "sp";
    row.append(result.label, gap, kind);
    return row;
  }));
  if (!results.length) {
    const none = document.createElement("div");
    none.className = "dropdown-item-text mut";
    none.textContent = gettext("Nothing found. Try a product code, a region or a plan code.");
    list().append(none);
  }
  mark(0);
}

function mark(index) {
  const rows = [...list().querySelectorAll("[role=option]")];
  chosen = Math.max(0, Math.min(index, rows.length - 1));
  rows.forEach((row, i) => {
    row.classList.toggle("active", i === chosen);
    row.setAttribute("aria-selected", String(i === chosen));
  });
  document.getElementById("find-input").setAttribute("aria-activedescendant", rows.length ? `find-${chosen}` : "");
}

async function look(text) {
  const query = text.trim();
  const found = pages(query.toLowerCase());
  draw(found);
  if (query.length < 2) return;
  const mine = ++asked;
  const response = await fetch(`${ROUTE}?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!response?.ok || mine !== asked) return;
  draw(found.concat((await response.json()).results));
}

export function openFinder() {
  const box = dialog();
  if (!box) return;
  if (!box.dataset.ready) {
    box.dataset.ready = "1";
    const input = document.getElementById("find-input");
    input.addEventListener("input", () => look(input.value));
    input.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        mark(chosen + step);
      } else if (event.key === "Enter") {
        event.preventDefault();
        list().querySelector(`#find-${chosen}`)?.click();
      }
    });
  }
  const input = document.getElementById("find-input");
  input.value = "";
  look("");
  if (!box.open) box.showModal();
  input.focus();
}

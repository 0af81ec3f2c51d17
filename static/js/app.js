// The shell: theme, menus, keys, finder, job messages.
import { send } from "./dom.js";
import { openFinder } from "./finder.js";
import { watchJobs } from "./jobs.js";
import "./passport.js";

const root = document.documentElement;

function switchTheme(event) {
  const button = event.target.closest("[data-theme-switch]");
  if (!button) return;
  event.preventDefault();
  const theme = button.value;
  root.dataset.bsTheme = theme;
  button.value = theme === "dark" ? "light" : "dark";
  document.dispatchEvent(new CustomEvent("themechange"));
  const form = new FormData(button.form);
  form.set("theme", theme);
  send(button.form.action, { body: form, headers: { "HX-Request": "true" } });
}

const GO_TO = { h: "/", d: "/demand/", s: "/supply/", r: "/presop/", x: "/executive/", o: "/orders/", k: "/kpis/" };
let isGoing = false;

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable], .sop-grid") !== null;

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openFinder();
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") {
    document.getElementById("keys-dialog")?.showModal();
  } else if (isGoing && GO_TO[event.key]) {
    location.href = GO_TO[event.key];
  }
  isGoing = event.key === "g";
}

document.addEventListener("click", switchTheme);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-find]")) openFinder();
  if (event.target.closest("[data-keys]")) document.getElementById("keys-dialog")?.showModal();
});
document.addEventListener("keydown", onKey);
watchJobs();

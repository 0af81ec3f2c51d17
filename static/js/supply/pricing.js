// Options priced in the background: their progress in words, stop, and the page anew when all are there.
import { send } from "../dom.js";
import { ask } from "./asking.js";

const POLL_MS = 2000;
const line = document.getElementById("pricing");

async function follow() {
  for (;;) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    const now = await ask("options/pricing/");
    if (now.problem) continue;
    if (now.state !== line.dataset.state) return location.reload();
    line.querySelector("span").textContent = now.text;
    const bar = line.querySelector("progress");
    if (bar) bar.value = now.percent;
  }
}

if (line && line.dataset.state !== "stopped") follow();
line?.querySelector("[data-stop]")?.addEventListener("click", (event) => {
  event.target.disabled = true;
  send(event.target.dataset.stop);
});
document.addEventListener("jobend", (event) => { if (event.detail?.kind === "options") location.reload(); });

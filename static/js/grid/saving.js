// The queue between the grid and the server. Nothing typed is lost: a batch stays here, under one idempotency
// key, until the server has answered it. Batches go one after another, because each rests on the one before.
import { el, icon } from "../dom.js";
import { clockSeconds } from "../formats.js";
import { fill, gettext, ngettext } from "../i18n.js";

const LONGEST_WAIT_SECONDS = 30;

/** The server has refused the whole batch for good; retrying would not help. */
export class Refused extends Error {}

export class Saver {
  constructor({ save, state, settled, refused, compare }) {
    Object.assign(this, { save, state, settled, refused, compare });
    this.queue = [];
    this.tries = 0;
    this.online = () => this.#retry();
    this.leaving = (event) => this.count() && event.preventDefault();
    addEventListener("online", this.online);
    addEventListener("beforeunload", this.leaving);
  }

  stop() {
    removeEventListener("online", this.online);
    removeEventListener("beforeunload", this.leaving);
    clearTimeout(this.timer);
  }

  count = () => this.queue.reduce((total, batch) => total + batch.edits.length, 0);

  add(batch) {
    this.queue.push({ ...batch, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });
    this.#drain();
  }

  #retry() {
    clearTimeout(this.timer);
    this.tries = 0;
    this.#drain();
  }

  async #drain() {
    if (this.isBusy || !this.queue.length) return;
    this.isBusy = true;
    clearTimeout(this.timer);
    while (this.queue.length) {
      const batch = this.queue[0];
      this.#show("saving");
      try {
        const answer = await this.save(batch.edits, { mode: batch.mode, key: batch.key, source: batch.source });
        this.queue.shift();
        this.tries = 0;
        this.#show("saved");
        this.settled(batch, answer);
      } catch (error) {
        if (!(error instanceof Refused)) {
          this.#wait();
          break;
        }
        this.queue.shift();
        this.refused(batch, error.message);
        this.#show("refused", { n: batch.edits.length, why: error.message });
      }
    }
    this.isBusy = false;
  }

  #wait() {
    this.#show("offline");
    this.tries += 1;
    const seconds = Math.min(2 ** this.tries, LONGEST_WAIT_SECONDS);
    this.timer = setTimeout(() => this.#drain(), seconds * 1000);
  }

  /** After an answer: say what was not saved, and by whom it was changed. */
  report({ conflicts, refused }) {
    if (conflicts.length) {
      const who = [...new Set(conflicts.map((c) => c.by).filter(Boolean))].join(", ");
      this.#show("conflict", { n: conflicts.length, who });
    } else if (refused.length) this.#show("refused", { n: refused.length, why: refused[0].message });
    else if (!this.queue.length && this.shown !== "saved") this.#show("saved");
  }

  text = () => this.state?.textContent ?? "";

  #show(kind, values = {}) {
    this.shown = kind;
    if (!this.state) return;
    const n = values.n ?? this.count();
    const time = clockSeconds(new Date());
    const { tone, sign, words } = {
      saving: { tone: "", sign: "refresh-cw", words: ngettext("Saving %(n)s cell", "Saving %(n)s cells", n) },
      saved: { tone: "good", sign: "circle-check", words: gettext("Saved %(time)s") },
      offline: { tone: "warn", sign: "triangle-alert", words: ngettext("Offline: %(n)s cell waits here, nothing lost", "Offline: %(n)s cells wait here, nothing lost", n) },
      refused: { tone: "bad", sign: "circle-alert", words: ngettext("%(n)s cell not saved: %(why)s", "%(n)s cells not saved: %(why)s", n) },
      conflict: { tone: "bad", sign: "circle-alert", words: ngettext("%(n)s cell not saved: changed by %(who)s", "%(n)s cells not saved: changed by %(who)s", n) },
    }[kind];
    this.state.className = `saved ${tone}`;
    this.state.setAttribute("role", "status");
    this.state.replaceChildren(icon(sign), ` ${fill(words, { n, time, ...values })} `);
    if (kind === "conflict") {
      this.state.append(el("button", { class: "btn btn-t xs", type: "button", onclick: this.compare }, gettext("Compare")));
    }
    if (kind === "offline") {
      this.state.append(el("button", { class: "btn btn-t xs", type: "button", onclick: () => this.#retry() }, gettext("Try now")));
    }
  }
}

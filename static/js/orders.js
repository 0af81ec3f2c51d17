// The order book: choose a region, add or change an order in a dialog that keeps what was typed when it is refused.
import { send } from "./dom.js";
import { fill, gettext } from "./i18n.js";

document.querySelectorAll("form[data-autosubmit] select").forEach((select) => select.addEventListener("change", () => select.form.submit()));

const dialog = document.getElementById("order-dialog");
if (dialog) {
  const form = document.getElementById("order-form");
  const title = document.getElementById("order-title");
  const problem = document.getElementById("order-error");
  const url = form.dataset.url;
  let changed = null; // {id, etag} of the order in the dialog; null adds one

  const show = () => {
    const kind = form.elements.kind.value;
    form.querySelectorAll("[data-for]").forEach((label) => {
      label.hidden = label.dataset.for === "change" ? !changed : label.dataset.for !== kind;
    });
    form.elements.reason.required = kind === "stock";
  };
  const open = (order = null) => {
    form.reset();
    problem.hidden = true;
    for (const [name, value] of Object.entries(order ?? {})) {
      const field = form.elements[name];
      if (!field) continue;
      if (field.type === "checkbox") field.checked = value;
      else if (field.tagName === "SELECT" && ![...field.options].some((o) => o.value === String(value))) field.add(new Option(value, value, true, true));
      else field.value = value;
    }
    title.textContent = order ? fill(gettext("Edit order %(order)s"), { order: order.order }) : gettext("Add an order");
    for (const name of ["product", "org"]) form.elements[name].readOnly = Boolean(order);
    show();
    dialog.showModal();
  };

  form.elements.kind.addEventListener("change", show);
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  document.getElementById("add-order").addEventListener("click", () => {
    changed = null;
    open();
  });
  document.querySelectorAll("[data-order]").forEach((button) => button.addEventListener("click", async () => {
    const response = await send(`${url}${button.dataset.order}/`, { method: "GET" });
    if (!response.ok) return;
    changed = { id: button.dataset.order, etag: response.headers.get("ETag") };
    open(await response.json());
  }));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = Object.fromEntries(new FormData(form));
    body.custom = form.elements.custom.checked;
    if (!changed) delete body.status;
    const response = changed
      ? await send(`${url}${changed.id}/`, { method: "PATCH", body, headers: { "If-Match": changed.etag } })
      : await send(url, { body, headers: { "Idempotency-Key": crypto.randomUUID?.() ?? String(Date.now()) } });
    if (response.ok) return location.reload();
    const answer = await response.json().catch(() => ({}));
    const told = answer.errors?.map(({ pointer, detail }) => `${labelOf(pointer)}${detail}`) ?? [];
    problem.textContent = [answer.detail ?? gettext("The server did not answer. Try again."), ...told].join(" ");
    problem.hidden = false;
  });

  const labelOf = (pointer) => {
    const field = form.elements[pointer?.split("/").pop()];
    const label = field?.closest("label")?.firstChild?.textContent?.trim();
    return label ? `${label}: ` : "";
  };
}

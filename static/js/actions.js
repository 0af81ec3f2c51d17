// Actions: the dialog that notes who does what by when, opened beside what the action answers.

const dialog = document.getElementById("action-dialog");
if (dialog) {
  const form = dialog.querySelector("form");
  const about = dialog.querySelector("[data-about]");
  document.querySelectorAll("[data-add-action]").forEach((button) => button.addEventListener("click", () => {
    form.reset();
    for (const name of ["assumption", "product", "org", "month", "title"]) form.elements[name].value = button.dataset[name] ?? "";
    about.textContent = button.dataset.about ?? "";
    about.hidden = !about.textContent;
    dialog.showModal();
    form.elements.title.focus();
    form.elements.title.select();
  }));
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
}

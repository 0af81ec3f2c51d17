// A click before the page's scripts have bound their buttons is kept and done once they have, instead of lost.
// A plain script at the top of the page; what the browser does by itself (links, fields, sending forms) goes its way.
{
  const OWN = "a[href], input, select, textarea, label, summary, button:not([type=button])";
  let waiting = null;
  const keep = (event) => {
    if (event.target.closest(OWN)) return;
    event.stopImmediatePropagation();
    waiting = event.target;
  };
  document.addEventListener("click", keep, true);
  document.addEventListener("DOMContentLoaded", () => {
    document.removeEventListener("click", keep, true);
    waiting?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  });
}

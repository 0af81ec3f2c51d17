// What every script needs: tokens, page data, announcements, icons, requests.

const root = document.documentElement;

/** A colour or size from the tokens, as a chart needs it. */
export const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();

/** The content of `{{ data|json_script:"id" }}`. */
export const readJson = (id) => JSON.parse(document.getElementById(id).textContent);

/** Tell a screen reader; `urgent` interrupts. */
export function announce(text, { urgent = false } = {}) {
  const region = document.getElementById(urgent ? "say-now" : "say");
  if (region) region.textContent = text;
}

/** An icon of the page's sprite. */
export const iconMarkup = (name, { small = true, label = "" } = {}) => {
  const naming = label ? `role="img" aria-label="${label}"` : 'aria-hidden="true"';
  return `<svg class="ic${small ? " s" : ""}" ${naming}><use href="#i-${name}"/></svg>`;
};

/** fetch with the CSRF token; throws nothing on 4xx, the caller reads `response.ok`. */
export function send(url, { method = "POST", body = null, headers = {} } = {}) {
  const isForm = body instanceof FormData;
  return fetch(url, {
    method,
    credentials: "same-origin",
    body: body === null || isForm ? body : JSON.stringify(body),
    headers: {
      Accept: "application/json",
      "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content,
      ...(body === null || isForm ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
  });
}

/**
 * An element: el("button", {class: "btn", type: "button", onclick: f, disabled: true}, "text", child).
 * Properties that are functions become listeners; false, null and undefined are left out. Text is never markup.
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The same icon as iconMarkup, as an element. */
export function icon(name, options) {
  const holder = document.createElement("template");
  holder.innerHTML = iconMarkup(name, options);
  return holder.content.firstElementChild;
}

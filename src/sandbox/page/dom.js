// Small helpers to build and update the document. No text is ever read as markup here.

/** Builds an element: `make("p", { class: "x", on: { click } }, "text", child)`. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, react] of Object.entries(value)) element.addEventListener(event, react);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const find = (id) => document.getElementById(id);

/**
 * Shows `items` in `parent`, touching only what changed, so that focus, selection and screen readers keep their place.
 * An item is { key, version, build }.
 */
export function showList(parent, items) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = null;
  for (const item of items) {
    const key = String(item.key);
    let child = old.get(key);
    old.delete(key);
    if (!child || child.dataset.version !== item.version) {
      const fresh = item.build();
      fresh.dataset.key = key;
      fresh.dataset.version = item.version;
      if (child) replaceKeepingFocus(child, fresh);
      child = fresh;
    }
    const next = place ? place.nextSibling : parent.firstChild;
    if (child !== next) parent.insertBefore(child, next);
    place = child;
  }
  for (const child of old.values()) child.remove();
}

function replaceKeepingFocus(old, fresh) {
  const held = old.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  old.replaceWith(fresh);
  if (held) fresh.querySelector(`[data-focus="${CSS.escape(held)}"]`)?.focus();
}

/** Keeps a log at its end while the reader is at its end, and where it was otherwise. */
export function keepingTheEnd(log, change) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  change();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/** A clock time in the reader's zone, 24 hours. */
export function clock(seconds, withSeconds = false) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB", {
    hour: "2-digit", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}),
  });
}

/** The day of a moment as people say it. */
export function dayName(seconds) {
  const day = new Date(seconds * 1000);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return "Today";
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  return day.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
}

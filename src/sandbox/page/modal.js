// Modals and the confirm question. The server owns what is open; the page draws the newest view of this person.

import { blockNodes } from "./blocks.js";
import { find, make } from "./dom.js";
import { checkNeeded, plainValuesOf, restore, showFaults, valuesOf } from "./inputs.js";
import { plainText } from "./mrkdwn.js";
import { names, store } from "./store.js";
import { wire } from "./wire.js";

const open = []; // { user, view, errors }, oldest first
let press = null;
let shownId = null;

export function startModals(pressInView) {
  press = pressInView;
  find("modal").addEventListener("cancel", (event) => { event.preventDefault(); closeShown(); });
}

/** A view was opened or changed. A view of another person waits until the page is that person. */
export function viewShown(user, view, errors, isOpened) {
  // A view that was not pushed onto another takes the place of all.
  if (isOpened && !view.previous_view_id) dropAll(user);
  const at = open.findIndex((each) => each.view.id === view.id);
  if (at >= 0) open[at] = { user, view, errors };
  else open.push({ user, view, errors });
  draw();
}

export function viewGone(user, viewId) {
  for (let at = open.length - 1; at >= 0; at -= 1) {
    if (viewId ? open[at].view.id === viewId : open[at].user === user) open.splice(at, 1);
  }
  draw();
}

function dropAll(user) {
  for (let at = open.length - 1; at >= 0; at -= 1) if (open[at].user === user) open.splice(at, 1);
}

/** What the server says is open for a person, after a reload or a lost connection. */
export function viewsAre(user, views) {
  dropAll(user);
  for (const view of views) open.push({ user, view, errors: view.errors });
  draw();
}

export function draw() {
  const dialog = find("modal");
  const top = open.filter((each) => each.user === store.me).at(-1);
  if (!top) {
    shownId = null;
    if (dialog.open) dialog.close();
    return;
  }
  const typed = shownId === top.view.id && dialog.querySelector("form") ? valuesOf(dialog.querySelector("form")) : null;
  const form = formOf(top.view);
  const held = dialog.open ? document.activeElement?.dataset.focus : null;
  dialog.replaceChildren(form);
  if (typed) restore(form, typed);
  shownId = top.view.id;
  if (!dialog.open) dialog.showModal();
  const keep = held ? form.querySelector(`[data-focus="${CSS.escape(held)}"]`) : null;
  (keep ?? form.querySelector(".block-input input, .block-input textarea, .block-input select, footer .action"))?.focus();
  if (top.errors) {
    showFaults(form, top.errors);
    if (top.errors[""]) note(form, top.errors[""]);
  }
}

function formOf(view) {
  const act = (action) => confirmThen(action.confirm, () => press(view, action));
  return make("form", { class: "view", novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(view, event.currentTarget); } } },
    make("header", {},
      make("h2", { id: "modal-title" }, view.title?.text ?? ""),
      make("button", { type: "button", class: "close", "aria-label": "Close", on: { click: closeShown } }, "✕")),
    make("div", { class: "view-body" }, ...blockNodes(view.blocks ?? [], { names, press: act, scope: view.id })),
    make("p", { class: "view-note", role: "alert", hidden: true }),
    make("footer", {},
      make("button", { type: "button", class: "action plain", data: { focus: "close" }, on: { click: closeShown } }, view.close?.text ?? "Close"),
      view.submit ? make("button", { type: "submit", class: "action primary", data: { focus: "submit" } }, view.submit.text) : null));
}

async function submit(view, form) {
  if (!checkNeeded(form)) return;
  const button = form.querySelector("footer [type=submit]");
  button.disabled = true;
  try {
    // What the app answers comes as a live event: the view changed, closed, or came back with remarks on single fields.
    await wire.submit(store.me, view.id, plainValuesOf(form));
  } catch (refused) {
    note(form, refused.message);
  } finally {
    button.disabled = false;
  }
}

function note(form, text) {
  const line = form.querySelector(".view-note");
  line.textContent = text;
  line.hidden = false;
}

async function closeShown() {
  const id = shownId;
  if (!id) return;
  const user = store.me;
  viewGone(user, id);
  // The view may have ended on the server meanwhile; it is gone from the page either way.
  await wire.close(user, id).catch(() => undefined);
}

/** Asks first when the element wants it, then acts. */
export function confirmThen(question, act) {
  if (!question) { act(); return; }
  const dialog = find("confirm");
  const answer = (go) => () => { dialog.close(); if (go) act(); };
  dialog.replaceChildren(
    make("h2", { id: "confirm-title" }, question.title?.text ?? "Are you sure?"),
    make("p", {}, plainText(question.text?.text ?? "")),
    make("footer", {},
      make("button", { type: "button", class: "action plain", data: { choice: "deny" }, on: { click: answer(false) } }, question.deny?.text ?? "No"),
      make("button", { type: "button", class: `action ${question.style ?? "primary"}`, data: { choice: "confirm" }, on: { click: answer(true) } },
        question.confirm?.text ?? "Yes")));
  dialog.showModal();
}

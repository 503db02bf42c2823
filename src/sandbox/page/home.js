// The app's home, beside its messages: what the bot shows one person alone, and keeps up to date.

import { blockNodes } from "./blocks.js";
import { find, make, showList } from "./dom.js";
import { confirmThen } from "./modal.js";
import { names, store } from "./store.js";
import { wire } from "./wire.js";

/** Turns to the home and tells the bot that this person has opened it. What it shows comes as a live event. */
export async function openHome() {
  store.appTab = "home";
  await wire.home(store.me).catch(() => undefined);
}

/** Draws the tabs of the bot's own conversation, and the home if it is open. */
export function drawHome(here, press) {
  const isOpen = here.isDirect && store.appTab === "home";
  find("app-tabs").hidden = !here.isDirect;
  find("tab-home").setAttribute("aria-selected", String(isOpen));
  find("tab-messages").setAttribute("aria-selected", String(!isOpen));
  find("home").hidden = !isOpen;
  for (const id of ["chat-log", "composer", "typing"]) find(id).hidden = isOpen;
  if (!isOpen) return;
  const view = store.homes.get(store.me);
  const act = (action) => confirmThen(action.confirm, () => press(view, action));
  const build = () => (view
    ? make("div", { class: "blocks" }, ...blockNodes(view.blocks ?? [], { names, press: act, scope: view.id }))
    : make("p", { class: "empty" }, "The bot has shown nothing here yet."));
  showList(find("home"), [{ key: "home", version: JSON.stringify([store.me, view?.hash]), build }]);
}

// Make trouble: four things that go wrong in real fleets, each with what to watch for, each undone by its own button.

import { find, make } from "./dom.js";
import { serverNames, serverOf, setTrouble, watchFleet } from "./fleet.js";
import { store } from "./store.js";
import { wire } from "./wire.js";

const ON_SERVERS = [
  {
    kind: "wont_boot", label: "Won't boot", server: "edge-lax-003",
    off: () => "Before a reboot: the run stops at this server.",
    on: () => "Reboot it and watch: it stays X, the thread says why, #incidents hears of it.",
  },
  {
    kind: "ssh_dead", label: "SSH dead", server: "edge-lax-005",
    off: () => "Before a reboot: Redfish takes over.",
    on: () => "Reboot it and watch: it comes back all the same, over Redfish.",
  },
];

/** So much comes that nothing more may be taken out; and what comes once that is undone. */
const SURGE = { site: "riga", level: 0.8, calm: 0.3 };
const SURGES = {
  off: "During a reboot there: nothing more is taken out of a site that is too busy.",
  on: "Reboot servers of riga and watch: they wait, the card says for what, and undo lets them go on by themselves.",
};

const BOT = {
  running: "In the middle of a reboot. Then start it again: nothing is lost, nothing happens twice.",
  gone: "The bot is gone; the card stands still. Start it and watch the same card go on, with no server rebooted twice.",
};

let note = () => undefined;
/** Whether a surge was made here, and not undone. */
let isSurging = false;

/** Draws the bar; `say(text)` tells a person what was refused. */
export function startTrouble(say) {
  note = say;
  find("trouble").append(
    make("h2", {}, "Make trouble"),
    ...ON_SERVERS.map(serverRow),
    make("div", { id: "trouble-surge", class: "trouble-row", hidden: true },
      make("button", { type: "button", class: "toggle", on: { click: toggleSurge } }),
      make("p", {})),
    make("div", { id: "trouble-bot", class: "trouble-row", hidden: true },
      make("button", { type: "button", class: "toggle", on: { click: toggleBot } }, "Kill the bot"),
      make("p", {})));
  watchFleet(refreshTrouble);
}

function serverRow(trouble) {
  const pick = make("select", { "aria-label": `Server for: ${trouble.label}`, on: { change: refreshTrouble } });
  const toggle = make("button", { type: "button", class: "toggle", on: { click: () => toggleServer(trouble, pick.value) } }, trouble.label);
  return make("div", { class: "trouble-row", data: { kind: trouble.kind } }, toggle, pick, make("p", {}));
}

async function toggleServer(trouble, name) {
  const isOn = serverOf(name)?.faults.includes(trouble.kind);
  await setTrouble(name, isOn ? null : trouble.kind).catch((refused) => note(refused.message));
}

async function toggleSurge() {
  try {
    await wire.comes(SURGE.site, isSurging ? SURGE.calm : SURGE.level);
    isSurging = !isSurging;
  } catch (refused) {
    note(refused.message);
  }
  refreshTrouble();
}

async function toggleBot() {
  const button = find("trouble-bot").querySelector("button");
  button.disabled = true;
  await wire.bot(store.demo?.bot?.running ? "kill" : "start").catch((refused) => note(refused.message));
  button.disabled = false;
  await rereadDemo();
}

/** Reads the demo's own state; a sandbox without a demo has no bot to kill and no first lines. */
export async function rereadDemo() {
  store.demo = await wire.demo().catch(() => null);
  refreshTrouble();
  return store.demo;
}

function refreshTrouble() {
  const names = serverNames();
  find("trouble").hidden = names.length === 0 && !store.demo;
  for (const trouble of ON_SERVERS) {
    const row = find("trouble").querySelector(`[data-kind="${trouble.kind}"]`);
    row.hidden = names.length === 0;
    const pick = row.querySelector("select");
    if (pick.dataset.count !== String(names.length)) fillPick(pick, names, trouble.server);
    const isOn = Boolean(serverOf(pick.value)?.faults.includes(trouble.kind));
    set(row.querySelector("button"), isOn ? `Undo: ${trouble.label.toLowerCase().replace("ssh", "SSH")}` : trouble.label, isOn);
    row.querySelector("p").textContent = isOn ? trouble.on() : trouble.off();
  }
  const busy = find("trouble-surge");
  busy.hidden = !names.some((name) => name.includes(`-${SURGE.site}-`));
  set(busy.querySelector("button"), isSurging ? "Undo: surge" : `Surge in ${SURGE.site}`, isSurging);
  busy.querySelector("p").textContent = isSurging ? SURGES.on : SURGES.off;
  const row = find("trouble-bot");
  const bot = store.demo?.bot;
  row.hidden = !bot;
  if (!bot) return;
  set(row.querySelector("button"), bot.running ? "Kill the bot" : "Start it again", !bot.running);
  row.querySelector("p").textContent = bot.running ? BOT.running : BOT.gone;
}

function set(button, text, isOn) {
  button.textContent = text;
  button.setAttribute("aria-pressed", String(isOn));
}

function fillPick(pick, names, wanted) {
  const before = pick.value || wanted;
  pick.replaceChildren(...names.map((name) => make("option", {}, name)));
  pick.value = names.includes(before) ? before : names[0] ?? "";
  pick.dataset.count = String(names.length);
}

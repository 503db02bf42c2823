// The map of the fleet: six sites, a square for each server, and one server seen close up.
// Every number comes from the fleet itself, never from what the bot says about it.

import { clock, find, make, showList } from "./dom.js";
import { readServer, wire } from "./wire.js";

const PHASES = {
  P: "in production", D: "drained or draining", B: "booting", X: "down",
};
const LOG_LINES_MAX = 12;
const REREAD_MS = 5000;
const REFRESH_MS = 50;

const servers = new Map(); // name -> server
const squares = new Map(); // name -> button
let lit = new Set();
let shownServer = null;
let rereading = null;
let refreshing = null;
const watchers = [];

export const serverOf = (name) => servers.get(name);
export const serverNames = () => [...servers.keys()];
/** Calls back after each change of the fleet. */
export const watchFleet = (watcher) => watchers.push(watcher);

/** Reads the whole fleet again. A sandbox without a fleet shows none. */
export async function rereadFleet() {
  let list;
  try { list = await wire.fleet(); } catch { return; }
  const same = list.length === servers.size && list.every((server) => servers.has(server.name));
  for (const server of list) servers.set(server.name, server);
  if (!same) {
    const names = new Set(list.map((server) => server.name));
    for (const name of servers.keys()) if (!names.has(name)) servers.delete(name);
    drawSites();
  }
  refresh();
}

/** A live event: one server has changed. All are read again from time to time, in case an event was missed. */
export function fleetHeard(data) {
  const known = servers.get(data.name);
  if (!known) { rereadFleet(); return; }
  servers.set(data.name, { ...readServer(data), log: known.log });
  refreshSoon();
  rereading ??= setTimeout(() => { rereading = null; rereadFleet(); }, REREAD_MS);
}

const KIND_ORDER = ["edge-cache", "origin", "dns", "log"];
const SITE_ORDER = ["lax", "fra", "riga", "sin", "gru", "nrt"];
const rank = (list, value) => (list.includes(value) ? list.indexOf(value) : list.length);

function drawSites() {
  const bySite = new Map();
  for (const server of servers.values()) bySite.set(server.site, [...(bySite.get(server.site) ?? []), server]);
  squares.clear();
  const sites = [...bySite.keys()].sort((a, b) => rank(SITE_ORDER, a) - rank(SITE_ORDER, b) || String(a).localeCompare(b));
  find("sites").replaceChildren(...sites.map((site) => {
    const list = bySite.get(site).sort((a, b) => rank(KIND_ORDER, a.kind) - rank(KIND_ORDER, b.kind) || a.name.localeCompare(b.name));
    return make("section", { class: "site", data: { site } },
      make("h3", {}, site, make("small", { data: { counts: site } })),
      make("div", { class: "squares" }, ...list.map((server) => {
        const square = make("button", { type: "button", class: "square", data: { server: server.name }, on: { click: () => showServer(server.name) } });
        squares.set(server.name, square);
        return square;
      })));
  }));
}

/** Many servers change in one moment; they are drawn together. */
function refreshSoon() {
  refreshing ??= setTimeout(() => { refreshing = null; refresh(); }, REFRESH_MS);
}

function refresh() {
  for (const [name, square] of squares) drawSquare(square, servers.get(name));
  for (const counts of find("sites").querySelectorAll("[data-counts]")) {
    const here = [...servers.values()].filter((server) => server.site === counts.dataset.counts);
    const serving = here.filter((server) => server.phase === "P").length;
    const reboots = here.reduce((sum, server) => sum + server.reboots, 0);
    setText(counts, ` ${serving} of ${here.length} in production · ${reboots === 1 ? "1 reboot" : `${reboots} reboots`}`);
  }
  const all = [...servers.values()];
  const count = (phase) => all.filter((server) => server.phase === phase).length;
  setText(find("fleet-line"), all.length === 0 ? "" : `P production ${count("P")} · D drained ${count("D")} · B booting ${count("B")} · X down ${count("X")}`);
  if (shownServer) drawServer();
  for (const watcher of watchers) watcher();
}

const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function drawSquare(square, server) {
  const version = `${server.phase} ${server.reboots} ${lit.has(server.name)} ${server.faults.join()} ${shownServer === server.name}`;
  if (square.dataset.version === version) return;
  const faults = server.faults.length > 0 ? `, ${server.faults.join(", ").replaceAll("_", " ")}` : "";
  const reboots = server.reboots > 0 ? `, rebooted ${server.reboots === 1 ? "once" : `${server.reboots} times`}` : "";
  square.dataset.version = version;
  square.dataset.phase = server.phase;
  square.dataset.reboots = server.reboots > 0 ? server.reboots : "";
  square.classList.toggle("lit", lit.has(server.name));
  square.classList.toggle("troubled", server.faults.length > 0);
  square.classList.toggle("shown", shownServer === server.name);
  square.textContent = server.phase;
  square.title = `${server.name}: ${PHASES[server.phase] ?? server.phase}${reboots}${faults}`;
  square.setAttribute("aria-label", square.title);
}

/** The servers that a folded name such as `edge-lax-[001-003,007]` stands for. */
export function unfold(folded) {
  const hit = /^(.*)\[([0-9,-]+)\]$/.exec(folded);
  if (!hit) return [folded];
  return hit[2].split(",").flatMap((part) => {
    const [from, to = from] = part.split("-");
    const count = Math.min(Math.max(Number(to) - Number(from) + 1, 0), 1000);
    return Array.from({ length: count }, (_, step) => hit[1] + String(Number(from) + step).padStart(from.length, "0"));
  });
}

/** Lights the squares of a name up. Answers how many there are. */
export function light(folded) {
  lit = new Set(unfold(folded).filter((name) => servers.has(name)));
  refresh();
  const first = [...lit][0];
  squares.get(first)?.scrollIntoView({ block: "center", behavior: "smooth" });
  if (lit.size === 1) showServer(first);
  return lit.size;
}

export async function showServer(name) {
  shownServer = name;
  refresh();
  await readShown();
}

export function hideServer() {
  const was = shownServer;
  shownServer = null;
  lit = new Set();
  find("server").hidden = true;
  if (was) refresh();
  return was !== null;
}

async function readShown() {
  if (!shownServer) return;
  const name = shownServer;
  try {
    const server = await wire.server(name);
    servers.set(name, { ...servers.get(name), ...server });
  } catch { /* The map keeps what it knew; the next event reads again. */ }
  if (shownServer === name) drawServer();
}

let readAt = null;

function drawServer() {
  const server = servers.get(shownServer);
  if (!server) return;
  const panel = find("server");
  // Its log is only in the close-up, so a change of the server asks for it again.
  const version = JSON.stringify([server.phase, server.reboots, server.faults]);
  if (readAt !== `${server.name} ${version}`) { readAt = `${server.name} ${version}`; readShown(); }
  panel.hidden = false;
  // Each part is drawn anew only when it changed itself, so that no button goes away under a finger.
  const part = (key, value, build) => ({ key, version: JSON.stringify([server.name, value]), build });
  const facts = factsOf(server);
  showList(panel, [
    part("head", server.phase, () => make("header", {},
      make("h3", {}, server.name, make("span", { class: "phase" }, ` ${server.phase} ${PHASES[server.phase] ?? ""}`)),
      make("button", { type: "button", class: "close", "aria-label": "Close the server", on: { click: hideServer } }, "✕"))),
    part("facts", facts, () => make("dl", {}, ...facts.flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, String(value))]))),
    part("trouble", server.faults, () => troubleOf(server)),
    part("log", server.log, () => make("ol", { class: "server-log" }, ...server.log.slice(-LOG_LINES_MAX).reverse().map((line) => make("li", {}, logLine(line))))),
  ]);
}

function factsOf(server) {
  return [
    ["boot id", server.bootId], ["rebooted", server.reboots === 1 ? "once" : `${server.reboots} times`], ["power", server.power],
    ["connections", server.connections], ["load balancer", ROTATION[server.rotation]], ["last boot", server.bootedAtMs ? clock(server.bootedAtMs / 1000, true) : null], ["rack", server.rack],
    ["trouble", server.faults.join(", ").replaceAll("_", " ")],
  ].filter(([, value]) => value !== undefined && value !== null && value !== "");
}

function troubleOf(server) {
  const button = (kind, label) => make("button", {
    type: "button", class: "action plain", "aria-pressed": String(server.faults.includes(kind)), data: { trouble: kind, focus: kind },
    on: { click: () => setTrouble(server.name, server.faults.includes(kind) ? null : kind) },
  }, label);
  return make("div", { class: "server-trouble", role: "group", "aria-label": "Make trouble" }, make("span", {}, "Make trouble:"),
    button("wont_boot", "won't boot"), button("ssh_dead", "SSH dead"),
    make("button", { type: "button", class: "action plain", data: { trouble: "repair", focus: "repair" }, on: { click: () => setTrouble(server.name, null) } }, "repair"));
}

const ROTATION = { ready: "in rotation", drain: "drained", maint: "in maintenance" };

function logLine(line) {
  if (typeof line === "string") return line;
  const words = [line.via === "itself" ? null : line.via, line.deed, line.detail, line.outcome === "done" ? null : line.outcome, line.why];
  const said = words.filter((word) => typeof word === "string" && word !== "").map((word) => word.replaceAll("_", " "));
  return [line.at_ms ? clock(line.at_ms / 1000, true) : null, ...said].filter(Boolean).join(" · ");
}

/** Makes trouble on a server, or undoes all of it with `null`. */
export async function setTrouble(name, kind) {
  if (kind) await wire.fault(name, kind);
  else await wire.repair(name);
  await rereadFleet();
  if (shownServer === name) await readShown();
}

// The page itself: who looks, what is open, what the server says live, and what keys and clicks do.

import { hintFor, waitingApproval } from "/page/approvals.js";
import { startComposer } from "/page/composer.js";
import { drawHome, openHome } from "/page/home.js";
import { find, keepingTheEnd, make, showList } from "/page/dom.js";
import { fleetHeard, hideServer, light, rereadFleet } from "/page/fleet.js";
import { avatar, logItems } from "/page/messages.js";
import { confirmThen, draw as drawModal, startModals, viewGone, viewShown, viewsAre } from "/page/modal.js";
import { plain } from "/page/mrkdwn.js";
import {
  channel, followsThread, forget, inThread, keep, markSeen, me, names, namesMe, person, store, titleOf, topLevel, unread, withMentions,
} from "/page/store.js";
import { rereadDemo, startTrouble } from "/page/trouble.js";
import { Refused, follow, readMessage, wire } from "/page/wire.js";

const TOAST_MS = 7000;
const TYPING_MS = 4000;
const FIRST_CHANNEL = "noc";

// --- what is shown -------------------------------------------------------------------------------------------------

const react = { press: pressMessage, openThread: (message) => openThread(message.channel, message.threadTs ?? message.ts) };
let drawAsked = false;

/** Draws soon; many events in one moment are one drawing. A timer, so that a page in the background keeps up too. */
function draw() {
  if (drawAsked) return;
  drawAsked = true;
  queueMicrotask(() => { drawAsked = false; drawNow(); });
}

function drawNow() {
  if (!store.me) return;
  if (store.channel && document.visibilityState === "visible") markSeen(store.channel);
  drawPersons();
  drawPlaces();
  drawChannel();
  drawThread();
  drawHint();
}

function drawPersons() {
  find("you").textContent = `you are ${titleOf(me())}`;
  showList(find("persons"), store.people.filter((each) => !each.isGone).map((each, index) => ({
    key: each.id, version: JSON.stringify([each, index, each.id === store.me]),
    build: () => make("button", {
      type: "button", "aria-pressed": String(each.id === store.me), title: `Be ${titleOf(each)}${index < 9 ? ` (Alt+${index + 1})` : ""}`,
      data: { person: each.id, focus: `p:${each.id}` }, on: { click: () => become(each.id) },
    }, index < 9 ? make("kbd", {}, String(index + 1)) : null, each.name),
  })));
  fillSelect(find("person-pick"), store.people.map((each) => [each.id, titleOf(each)]), store.me);
}

function drawPlaces() {
  const rooms = store.channels.filter((each) => !each.isDirect);
  const directs = store.channels.filter((each) => each.isDirect && (!each.with || each.with === store.me));
  const item = (each, label, icon) => ({
    key: each.id, version: JSON.stringify([label, unread(each.id), store.channel]),
    build: () => make("li", {}, make("button", {
      type: "button", class: unread(each.id) > 0 ? "place unread" : "place", "aria-current": store.channel === each.id ? "page" : undefined,
      data: { channel: each.id, focus: `c:${each.id}` }, on: { click: () => openChannel(each.id) },
    }, make("span", { "aria-hidden": "true" }, icon), ` ${label}`, unread(each.id) > 0 ? make("b", { title: "not read yet" }, String(unread(each.id))) : null)),
  });
  showList(find("channel-list"), rooms.map((each) => item(each, each.name, each.isPrivate ? "🔒" : "#")));
  showList(find("direct-list"), directs.map((each) => item(each, directName(), "●")));
  find("direct-list").previousElementSibling.hidden = directs.length === 0;
  showList(find("people-list"), store.people.map((each) => ({
    key: each.id, version: JSON.stringify(each),
    build: () => make("li", { class: "person" }, avatar(each.name, false, each.id), titleOf(each)),
  })));
  const label = (each) => `${each.isDirect ? directName() : `#${each.name}`}${unread(each.id) > 0 ? ` (${unread(each.id)})` : ""}`;
  fillSelect(find("channel-pick"), [...rooms, ...directs].map((each) => [each.id, label(each)]), store.channel);
}

/** Direct messages are between one person and the bot, so the other side has one name. */
const directName = () => store.botName;

function fillSelect(select, options, chosen) {
  const version = JSON.stringify(options);
  if (select.dataset.version !== version) {
    select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
    select.dataset.version = version;
  }
  select.value = chosen ?? "";
}

function drawChannel() {
  const here = channel(store.channel);
  if (!here) return;
  const title = here.isDirect ? directName() : `#${here.name}`;
  find("chat-title").textContent = title;
  drawHome(here, pressInView);
  find("chat-note").textContent = here.isShared ? "shared with another workspace" : !here.isDirect && here.botIsIn === false ? "wrasse is not in this channel" : "";
  find("composer-text").placeholder = here.isDirect ? `Message ${title}` : `Message ${title}, or /fleet help`;
  const messages = topLevel(here.id);
  const items = logItems(messages, "channel", react);
  if (messages.length === 0) items.push({ key: "empty", version: `${here.id} ${Boolean(store.demo)}`, build: () => emptyChannel(here, title) });
  keepingTheEnd(find("chat-log"), () => showList(find("chat-log"), items));
  const total = store.channels.reduce((sum, each) => sum + unread(each.id), 0);
  document.title = `${total > 0 ? `(${total}) ` : ""}${title} · Wrasse sandbox`;
}

function emptyChannel(here, title) {
  const lines = here.name === FIRST_CHANNEL ? firstLines() : null;
  return make("div", { class: "empty" }, make("p", {}, `Nothing was said in ${title} yet.`), lines);
}

function drawThread() {
  const isOpen = Boolean(store.thread);
  find("tab-thread").disabled = !isOpen;
  find("thread-composer").hidden = !isOpen;
  find("thread-close").hidden = !isOpen;
  if (!isOpen) {
    find("thread-title").textContent = "Thread";
    showList(find("thread-log"), [{ key: "none", version: "", build: () => make("p", { class: "empty" }, "Open a thread by its reply count in the chat.") }]);
    return;
  }
  find("thread-title").textContent = `Thread in #${channel(store.thread.channel)?.name ?? ""}`;
  keepingTheEnd(find("thread-log"), () => showList(find("thread-log"), logItems(inThread(store.thread), "thread", react)));
}

function drawHint() {
  const waiting = store.channel ? waitingApproval(store.channel) : null;
  const hint = waiting ? hintFor(waiting) : null;
  const version = JSON.stringify(hint);
  const box = find("hint");
  box.hidden = !hint;
  if (!hint || box.dataset.version === version) { box.dataset.version = version; return; }
  box.dataset.version = version;
  box.replaceChildren(make("span", {}, hint.text), ...(hint.be ? [make("button", {
    type: "button", data: { be: hint.be.id }, on: { click: () => become(hint.be.id) },
  }, `be ${hint.be.name}`)] : []));
}

// --- first lines ---------------------------------------------------------------------------------------------------

function firstLines() {
  const lines = store.demo?.first_lines ?? [];
  if (lines.length === 0) return null;
  return make("div", { class: "first-lines" }, make("p", {}, "Click a line to send it:"), ...lines.map((line) => make("button", {
    type: "button", on: { click: () => sendFirstLine(line) },
  }, make("b", {}, line.label), make("code", {}, line.text), line.watch_for ? make("small", {}, line.watch_for) : null)));
}

async function sendFirstLine(line) {
  find("lines").close();
  const someone = store.people.find((each) => each.id === line.user || each.name === line.user);
  if (someone && someone.id !== store.me) await become(someone.id);
  const place = store.channels.find((each) => each.id === line.channel || each.name === line.channel?.replace(/^#/, ""));
  if (place) openChannel(place.id);
  composer.put(line.text);
  await composer.submit();
}

function showFirstLines() {
  const dialog = find("lines");
  dialog.replaceChildren(make("header", {}, make("h2", { id: "lines-title" }, "First lines"),
    make("button", { type: "button", class: "close", "aria-label": "Close", on: { click: () => dialog.close() } }, "✕")), firstLines() ?? make("p", {}, "None."));
  dialog.showModal();
}

// --- what people do ------------------------------------------------------------------------------------------------

async function become(id) {
  if (!person(id) || id === store.me) return;
  store.me = id;
  remember();
  drawNow();
  drawModal();
  await reread();
}

function openChannel(id) {
  if (store.thread && store.thread.channel !== id) closeThread();
  const isNew = store.channel !== id;
  store.channel = id;
  remember();
  showPane("chat");
  drawNow();
  if (isNew) find("chat-log").scrollTop = find("chat-log").scrollHeight;
}

async function openThread(channelId, ts) {
  store.thread = { channel: channelId, ts };
  if (channel(channelId) && store.channel !== channelId) store.channel = channelId;
  remember();
  showSide("thread");
  showPane("thread");
  drawNow();
  await rereadThread();
  find("thread-log").scrollTop = find("thread-log").scrollHeight;
  if (window.innerWidth > 480) find("thread-text").focus();
}

function closeThread() {
  store.thread = null;
  remember();
  showSide("fleet");
  if (document.body.dataset.pane === "thread") showPane("chat");
  draw();
}

function showSide(side) {
  document.body.dataset.side = side;
  find("tab-thread").setAttribute("aria-selected", String(side === "thread"));
  find("tab-fleet").setAttribute("aria-selected", String(side === "fleet"));
}

/** On a phone one pane fills the screen. */
function showPane(pane) {
  document.body.dataset.pane = pane;
  if (pane !== "chat") showSide(pane);
  for (const button of find("phone-switch").children) button.setAttribute("aria-current", String(button.dataset.pane === pane));
}

async function send(text, threadTs) {
  const place = threadTs ? store.thread.channel : store.channel;
  const slash = /^(\/[^\s]+)\s*([\s\S]*)$/.exec(text);
  if (slash && slash[1] !== "/invite") {
    if (threadTs) { slackbotSays(`\`${slash[1]}\` is not supported in threads. Sorry!`, place, threadTs); return; }
    await wire.slash(store.me, place, slash[1], slash[2]);
  } else await wire.say(store.me, place, withMentions(text), threadTs);
}

/** What Slack itself answers, without asking the bot. */
function slackbotSays(text, channelId, threadTs) {
  keep({
    channel: channelId, ts: (Date.now() / 1000).toFixed(6), threadTs: threadTs ?? null, author: "USLACKBOT", authorName: "Slackbot", isBot: false,
    text, blocks: [], edited: false, onlyFor: store.me, replies: 0,
  });
  draw();
}

function pressMessage(message, action) {
  confirmThen(action.confirm, async () => {
    if (action.url) openAddress(action.url);
    await pressed({ user: store.me, channel: message.channel, ts: message.ts, ...withoutConfirm(action) });
  });
}

const pressInView = (view, action) => pressed({ user: store.me, view_id: view.id, block_id: action.block_id, ...withoutConfirm(action) });

async function pressed(press) {
  try {
    await wire.press(press);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    toast(refused.message, null);
  }
}

const withoutConfirm = ({ action_id, label, value }) => ({ action_id, label, value });

/** A permalink of this workspace opens its thread here; anything else is left to the browser. */
function permalink(address) {
  let url;
  try { url = new URL(address, location.href); } catch { return null; }
  const hit = /^\/archives\/(\w+)\/p(\d{10,})(\d{6})$/.exec(url.pathname);
  if (!hit || !(url.host === location.host || /^(127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname) || /\.slack\.com$/.test(url.hostname))) return null;
  return { channel: hit[1], ts: url.searchParams.get("thread_ts") ?? `${hit[2]}.${hit[3]}` };
}

function openAddress(address) {
  const place = permalink(address);
  if (place) openThread(place.channel, place.ts);
  else if (/^https?:/i.test(address)) window.open(address, "_blank", "noreferrer");
}

function toast(text, open) {
  const note = make("button", { type: "button", class: "toast", on: { click: () => { note.remove(); open?.(); } } }, text);
  find("toasts").append(note);
  setTimeout(() => note.remove(), TOAST_MS);
}

// --- what the server says ------------------------------------------------------------------------------------------

function heard(kind, data) {
  switch (kind) {
    case "message": case "message_changed": case "ephemeral": {
      const message = readMessage(data.message, data.channel);
      const isNew = keep(message);
      if (kind === "message" && isNew) maybeToast(message);
      if (message.author === store.bot) find("typing").textContent = "";
      draw();
      return;
    }
    case "message_deleted": forget(data.channel, data.ts); draw(); return;
    case "view_opened": case "view_updated": viewShown(data.user, data.view, data.errors, kind === "view_opened"); return;
    case "view_closed": viewGone(data.user, data.view_id); return;
    case "home": store.homes.set(data.user, data.view); draw(); return;
    case "press_failed": if (data.user === store.me) toast("The app did not answer the press in time.", null); return;
    case "typing": showTyping(data); return;
    case "fleet": fleetHeard(data); return;
    case "bot": rereadDemo().then(draw); return;
    case "channel": case "person": reread(); return;
    case "reload": rereadAll(); return;
    default:
  }
}

let typingTimer;
function showTyping(data) {
  find("typing").textContent = `${names.person(data.user)} is typing…`;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => { find("typing").textContent = ""; }, TYPING_MS);
}

function maybeToast(message) {
  if (message.author === store.me || message.onlyFor) return;
  const place = channel(message.channel);
  if (!place) return;
  const isFollowed = message.threadTs && followsThread(message.channel, message.threadTs);
  const isLooking = document.visibilityState === "visible"
    && (message.threadTs ? store.thread?.ts === message.threadTs : store.channel === message.channel);
  if (isLooking || !(place.isDirect || namesMe(message) || isFollowed)) return;
  const where = place.isDirect ? names.person(message.author) ?? store.botName : `#${place.name}`;
  const go = () => (message.threadTs ? openThread(message.channel, message.threadTs) : openChannel(message.channel));
  toast(`${where}: ${plain(message.text, names).split("\n")[0].slice(0, 140)}`, go);
}

async function reread() {
  if (!me()) await chooseSomebody();
  // Whoever became somebody else meanwhile has asked again by then.
  const asked = store.me;
  const state = await wire.state(asked);
  if (asked !== store.me) return;
  Object.assign(store, state);
  for (const id of store.messages.keys()) if (!channel(id)) store.messages.delete(id);
  if (!channel(store.channel)) store.channel = (store.channels.find((each) => each.name === FIRST_CHANNEL) ?? store.channels[0])?.id ?? null;
  const [known] = await Promise.all([wire.views(asked).catch(() => ({ views: [], home: null })), ...store.channels.map((each) => rereadChannel(each.id, asked))]);
  if (asked !== store.me) return;
  viewsAre(asked, known.views);
  if (known.home) store.homes.set(asked, known.home);
  // The thread may be one that this person does not see, or that went with an earlier workspace.
  if (store.thread && !store.messages.get(store.thread.channel)?.has(store.thread.ts)) closeThread();
  await rereadThread();
  remember();
  drawNow();
}

/** Who looks when the address names nobody, or somebody who is not there: the first of the people. */
async function chooseSomebody() {
  Object.assign(store, await wire.state(null));
  if (!me()) store.me = store.people[0].id;
}

async function rereadAll() {
  await Promise.all([reread(), rereadFleet(), rereadDemo()]).catch((refused) => composer.say(refused.message));
  find("lines-button").hidden = (store.demo?.first_lines ?? []).length === 0;
  draw();
}

/** Reads a channel's messages again; the replies that are known stay. */
async function rereadChannel(id, asked) {
  const list = (await wire.messages(id, asked).catch(() => [])).filter((each) => !each.onlyFor);
  if (asked !== store.me) return;
  const replies = [...(store.messages.get(id)?.values() ?? [])].filter((each) => each.threadTs);
  store.messages.set(id, new Map([...replies, ...list].map((each) => [each.ts, each])));
  if (!store.seenAtLoad.has(id)) store.seenAtLoad.set(id, list.map((each) => each.ts).sort().at(-1) ?? "0");
}

async function rereadThread() {
  if (!store.thread) return;
  const { channel: id, ts } = store.thread;
  const list = await wire.replies(id, ts, store.me).catch(() => []);
  for (const message of list) if (!message.onlyFor) keep(message);
  draw();
}

// --- keys, clicks, start -------------------------------------------------------------------------------------------

/** The address keeps person and channel, so that a reload shows the same; it is no permalink. */
function remember() {
  history.replaceState(null, "", `/#${store.me}/${store.channel ?? ""}${store.thread ? `/${store.thread.ts}` : ""}`);
}

function recalled() {
  const archived = permalink(location.href);
  const [who, where, ts] = location.hash.slice(1).split("/");
  store.me = who || null;
  store.channel = archived?.channel ?? where ?? null;
  store.thread = archived ?? (ts ? { channel: where, ts } : null);
}

function onKey(event) {
  if (event.altKey && !event.ctrlKey && !event.metaKey && /^Digit[1-9]$/.test(event.code)) {
    const someone = store.people.filter((each) => !each.isGone)[Number(event.code.slice(5)) - 1];
    if (someone) { event.preventDefault(); become(someone.id); }
  } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (!hideServer() && store.thread) { closeThread(); find("composer-text").focus(); }
  } else if ((event.key === "Enter" || event.key === " ") && event.target.matches?.(".servers")) {
    event.preventDefault();
    event.target.click();
  }
}

function onClick(event) {
  const folded = event.target.closest?.(".servers");
  if (folded && !folded.closest("dialog")) {
    if (light(folded.dataset.servers) > 0) { showSide("fleet"); showPane("fleet"); }
    else toast(`${folded.dataset.servers}: no such server on the map.`, null);
    return;
  }
  const link = event.target.closest?.("a[href]");
  const place = link ? permalink(link.href) : null;
  if (place) { event.preventDefault(); openThread(place.channel, place.ts); }
}

const THEMES = ["auto", "light", "dark"];
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
  find("theme-button").title = `Colours: ${theme}`;
}

const composer = startComposer(find("composer"), (text) => send(text, null));
startComposer(find("thread-composer"), (text) => send(text, store.thread?.ts));
startModals(pressInView);
startTrouble((text) => toast(text, null));
setTheme(localStorage.getItem("theme") ?? "auto");
showSide("fleet");
showPane("chat");

document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("visibilitychange", draw);
find("person-pick").addEventListener("change", (event) => become(event.target.value));
find("channel-pick").addEventListener("change", (event) => openChannel(event.target.value));
find("tab-home").addEventListener("click", () => openHome().then(draw));
find("tab-messages").addEventListener("click", () => { store.appTab = "messages"; draw(); });
find("tab-thread").addEventListener("click", () => showSide("thread"));
find("tab-fleet").addEventListener("click", () => showSide("fleet"));
find("thread-close").addEventListener("click", closeThread);
find("lines-button").addEventListener("click", showFirstLines);
find("theme-button").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(localStorage.getItem("theme") ?? "auto") + 1) % THEMES.length]));
for (const button of find("phone-switch").children) button.addEventListener("click", () => showPane(button.dataset.pane));

async function start() {
  recalled();
  if (store.thread) { showSide("thread"); showPane("thread"); }
  follow({
    opened: async () => {
      find("link-state").hidden = true;
      await rereadAll();
      document.body.dataset.ready = "yes";
    },
    lost: () => { find("link-state").hidden = false; },
    heard,
  });
}

start();

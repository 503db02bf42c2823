// The log of a channel and of a thread: day lines, authors, blocks, private answers, edits, reply counts.

import { blockNodes } from "./blocks.js";
import { clock, dayName, make } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { names, person, replyCount, store } from "./store.js";

const SHOWN_MAX = 300;
const SAME_BREATH_SECONDS = 300;
const COLOURS = 6;
const SLACKBOT = "USLACKBOT";

/** The list items of a log, for `showList`. `place` is "channel" or "thread". */
export function logItems(messages, place, react) {
  const items = [];
  let before = null;
  let dayBefore = null;
  for (const message of messages.slice(-SHOWN_MAX)) {
    const at = Number(message.ts);
    const day = dayName(at);
    if (dayBefore !== day) {
      items.push({ key: `day ${message.ts}`, version: day, build: () => make("div", { class: "day" }, make("span", {}, day)) });
      before = null;
    }
    dayBefore = day;
    const isSame = before && before.author === message.author && !before.onlyFor && !message.onlyFor
      && at - Number(before.ts) < SAME_BREATH_SECONDS && message.blocks.length === 0 && !message.isBot;
    const replies = place === "channel" ? replyCount(message) : 0;
    items.push({
      key: `${message.ts}${message.onlyFor ? " private" : ""}`,
      version: JSON.stringify([message, isSame, replies, store.me]),
      build: () => messageNode(message, { isSame, replies, place, react }),
    });
    before = message;
    if (place === "thread" && message.ts === store.thread?.ts) {
      items.push(repliesLine(messages.filter((each) => !each.onlyFor).length - 1));
      before = null;
    }
  }
  return items;
}

function repliesLine(count) {
  const text = count === 1 ? "1 reply" : `${count} replies`;
  return { key: "replies", version: text, build: () => make("div", { class: "day" }, make("span", {}, text)) };
}

function messageNode(message, { isSame, replies, place, react }) {
  const isBot = message.author === store.bot || message.isBot;
  const name = isBot ? store.botName : names.person(message.author) ?? (message.author === SLACKBOT ? "Slackbot" : message.authorName);
  const classes = ["message", isSame ? "same" : "", message.onlyFor ? "private" : ""].filter(Boolean).join(" ");
  const context = { names, scope: `m${message.ts}`, press: (action) => react.press(message, action) };
  return make("article", { class: classes, data: { ts: message.ts, author: name } },
    isSame ? make("time", { class: "gutter" }, clock(Number(message.ts))) : avatar(name, isBot, message.author),
    make("div", { class: "body" },
      message.onlyFor ? make("p", { class: "only-you" }, "👁 Only you can see this") : null,
      isSame ? null : make("p", { class: "author" }, make("strong", {}, name), isBot ? make("span", { class: "app" }, "APP") : null,
        make("time", {}, clock(Number(message.ts)))),
      message.broadcast && place === "channel" ? make("p", { class: "only-you" }, "replied to a thread") : null,
      content(message, context),
      replies > 0 ? make("button", {
        type: "button", class: "replies", data: { focus: `r:${message.ts}` }, on: { click: () => react.openThread(message) },
      }, replies === 1 ? "1 reply" : `${replies} replies`) : null),
    place === "channel" && !message.onlyFor && replies === 0 ? make("button", {
      type: "button", class: "reply", "aria-label": `Reply to ${name} in a thread`, data: { focus: `t:${message.ts}` }, on: { click: () => react.openThread(message) },
    }, "💬") : null);
}

function content(message, context) {
  const edited = message.edited && !message.onlyFor ? make("small", { class: "edited" }, " (edited)") : null;
  if (message.blocks.length === 0) return make("div", { class: "text" }, mrkdwn(message.text, names), edited);
  return make("div", { class: message.isBot || message.author === store.bot ? "blocks card" : "blocks" }, ...blockNodes(message.blocks, context), edited);
}

/** A square with a person's first letter; the bot has its fish. */
export function avatar(name, isBot, id) {
  if (isBot) return make("img", { class: "avatar", src: "/page/icon.svg", alt: "" });
  const at = store.people.indexOf(person(id));
  return make("span", { class: "avatar", "aria-hidden": "true", data: { colour: at < 0 ? "none" : at % COLOURS } }, (name[0] ?? "?").toUpperCase());
}

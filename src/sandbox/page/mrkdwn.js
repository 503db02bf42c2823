// Slack's mrkdwn as document nodes: links, mentions, dates, bold, italic, strike, code, quotes, and server names
// that light up on the map. It makes nodes only, never markup from text.

import { make, clock, dayName } from "./dom.js";

const SERVER_NAMES = /\b[a-z][a-z0-9]*(?:-[a-z0-9]+)*-(?:\[[0-9][0-9,-]*\]|[0-9]{2,4})(?![\w-])/g;
const EMOJI = {
  white_check_mark: "✅", x: "❌", warning: "⚠️", wave: "👋", eyes: "👀", rocket: "🚀", hourglass: "⏳", "+1": "👍",
  raised_hand: "✋", no_entry_sign: "🚫", arrow_forward: "▶️", question: "❓", octagonal_sign: "🛑", fire: "🔥", tada: "🎉",
};

/** Decodes exactly the three entities of Slack, once. */
export const decode = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** One line of plain words, for toasts and hints. */
export function plain(text, names) {
  return decode((text ?? "").replace(/<([^>]+)>/g, (_, inside) => tokenText(inside, names))).replace(/[*`]/g, "");
}

/** The nodes of a mrkdwn text. */
export function mrkdwn(text, names) {
  const out = document.createDocumentFragment();
  (text ?? "").split("```").forEach((part, index) => {
    if (index % 2 === 1) {
      const code = part.replace(/^\n/, "").replace(/\n$/, "").replace(/<([^>]+)>/g, (_, inside) => tokenText(inside, names));
      out.append(make("pre", {}, ...withServers(decode(code))));
    } else {
      const before = index > 0 ? part.replace(/^\n/, "") : part;
      appendLines(out, before.replace(/\n$/, ""), names);
    }
  });
  return out;
}

/** The nodes of a plain text: line breaks and server names only. */
export function plainText(text) {
  const out = document.createDocumentFragment();
  (text ?? "").split("\n").forEach((line, index) => {
    if (index > 0) out.append(make("br"));
    out.append(...withServers(emoji(line)));
  });
  return out;
}

/** Splits text at server names and makes each of them something to click. */
export function withServers(text) {
  const out = [];
  let from = 0;
  for (const hit of text.matchAll(SERVER_NAMES)) {
    if (hit.index > from) out.push(text.slice(from, hit.index));
    out.push(make("span", {
      class: "servers", role: "button", tabindex: "0", title: "Show on the map", data: { servers: hit[0], focus: `s:${hit[0]}` },
    }, hit[0]));
    from = hit.index + hit[0].length;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

function appendLines(out, text, names) {
  if (text === "") return;
  let quote = null;
  let first = true;
  for (const line of text.split("\n")) {
    const quoted = /^(&gt;|>) ?/.exec(line);
    if (quoted) {
      if (!quote) { quote = make("blockquote"); out.append(quote); } else quote.append(make("br"));
      quote.append(...inline(line.slice(quoted[0].length), names));
    } else {
      if (!first && !quote) out.append(make("br"));
      quote = null;
      out.append(...inline(line, names));
    }
    first = false;
  }
}

// Each mark must stand at a word's edge, as in Slack, so that `a*b*c` and `snake_case_name` stay as typed.
const MARKS = [
  { tag: "code", at: /(^|[\s([{"'·:,.])`([^`\n]+)`/u, raw: true },
  { tag: "strong", at: /(^|[^\p{L}\p{N}*])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\p{L}\p{N}*])/u },
  { tag: "em", at: /(^|[^\p{L}\p{N}_])_([^\s_](?:[^_\n]*[^\s_])?)_(?![\p{L}\p{N}_])/u },
  { tag: "s", at: /(^|[^\p{L}\p{N}~])~([^\s~](?:[^~\n]*[^\s~])?)~(?![\p{L}\p{N}~])/u },
];

function inline(text, names) {
  if (text === "") return [];
  let best = null;
  const token = /<([^<>]+)>/.exec(text);
  if (token) best = { index: token.index, length: token[0].length, nodes: () => [tokenNode(token[1], names)] };
  for (const mark of MARKS) {
    const hit = mark.at.exec(text);
    if (!hit) continue;
    const index = hit.index + hit[1].length;
    if (best && index >= best.index) continue;
    const nodes = () => [make(mark.tag, {}, ...(mark.raw ? codeNodes(hit[2], names) : inline(hit[2], names)))];
    best = { index, length: hit[0].length - hit[1].length, nodes };
  }
  if (!best) return withServers(emoji(decode(text)));
  return [
    ...withServers(emoji(decode(text.slice(0, best.index)))),
    ...best.nodes(),
    ...inline(text.slice(best.index + best.length), names),
  ];
}

const codeNodes = (text, names) => withServers(decode(text.replace(/<([^>]+)>/g, (_, inside) => tokenText(inside, names))));

const emoji = (text) => text.replace(/:([a-z0-9_+]+):/g, (whole, name) => EMOJI[name] ?? whole);

function tokenNode(inside, names) {
  const text = tokenText(inside, names);
  const [body] = inside.split("|");
  if (/^[@#!]/.test(body)) {
    if (body.startsWith("!date^")) return make("time", { title: inside.split("|")[1] ?? "" }, text);
    return make("span", { class: names?.isMe?.(body) ? "mention me" : "mention" }, text);
  }
  return make("a", { href: safeAddress(decode(body)), target: "_blank", rel: "noreferrer" }, text);
}

/** An address that a link may open; anything but http, https and mailto leads nowhere. */
export function safeAddress(address) {
  return /^(https?:|mailto:)/i.test(address) ? address : "#";
}

function tokenText(inside, names) {
  const bar = inside.indexOf("|");
  const body = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? undefined : inside.slice(bar + 1);
  if (body.startsWith("@")) return `@${names?.person?.(body.slice(1)) ?? label ?? body.slice(1)}`;
  if (body.startsWith("#")) return `#${names?.channel?.(body.slice(1)) ?? label ?? body.slice(1)}`;
  if (body.startsWith("!subteam^")) return `@${names?.group?.(body.slice(9)) ?? (label ?? body.slice(9)).replace(/^@/, "")}`;
  if (body.startsWith("!date^")) return dateText(body, label);
  if (body.startsWith("!")) return `@${label ?? body.slice(1)}`;
  return decode(label ?? body.replace(/^mailto:/, ""));
}

function dateText(body, label) {
  const [, seconds, format] = body.split("^");
  const at = Number(seconds);
  if (!Number.isFinite(at) || !format) return label ?? body;
  const date = new Date(at * 1000);
  const long = date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const short = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const pretty = (words) => (/^(Today|Yesterday)$/.test(dayName(at)) ? dayName(at).toLowerCase() : words);
  const parts = {
    time: clock(at), time_secs: clock(at, true), date_num: date.toISOString().slice(0, 10),
    date_long: long, date_long_pretty: pretty(long), date: long, date_pretty: pretty(long), date_short: short, date_short_pretty: pretty(short),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
}

// Who must act next, guessed from what is on the screen: the page knows no policies.
//
// The heuristic: take the newest message of the bot in the channel whose words hold "needs approval · N of GROUPS".
// Who may decide is everybody in one of those groups except the person the card mentions first, who asked for it.
// The bot authorises whoever presses; a wrong guess here only costs a click.

import { me, person, store, topLevel } from "./store.js";

const WAITING = /needs approval · (\d+) of ([^\n]+?)(?:, by |,? until |\n|$)/;

/** All words of a message: its text and every text in its blocks, without the date marks' fallbacks. */
function wordsOf(message) {
  const words = [];
  const walk = (value) => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (value && typeof value === "object") {
      if (typeof value.text === "string") words.push(value.text);
      Object.values(value).forEach(walk);
    }
  };
  walk(message.blocks);
  words.push(message.text);
  return words.join("\n");
}

/** The open card and the persons who can decide on it, or null when nothing waits. */
export function waitingApproval(channelId) {
  const cards = topLevel(channelId).concat([...(store.messages.get(channelId)?.values() ?? [])].filter((each) => each.threadTs));
  const card = cards.filter((each) => !each.onlyFor && WAITING.test(wordsOf(each))).sort((a, b) => (a.ts < b.ts ? 1 : -1))[0];
  if (!card) return null;
  const words = wordsOf(card);
  const groups = groupsIn(WAITING.exec(words)[2]);
  const requester = /<@([UW][A-Z0-9]+)/.exec(words)?.[1];
  const deciders = store.people.filter((each) => each.id !== requester && !each.isGone && each.groups.some((handle) => groups.includes(handle)));
  const id = /\breq-[a-z0-9]+/.exec(words)?.[0];
  return { card, id, groups, requester, deciders };
}

function groupsIn(text) {
  const named = [...text.matchAll(/<!subteam\^([A-Z0-9]+)/g)].map((hit) => store.groups.find((each) => each.id === hit[1])?.handle);
  const plain = text.replace(/<[^>]*>/g, " ").split(/[^\p{L}\p{N}_-]+/u).filter((word) => store.groups.some((each) => each.handle === word));
  return [...named, ...plain].filter(Boolean);
}

/** One line for the person who looks, and whom they could be instead. */
export function hintFor(waiting) {
  const what = waiting.id ?? "this request";
  if (waiting.deciders.some((each) => each.id === store.me)) {
    return { text: `${me().name} can decide on ${what}: press Review on the card.`, be: null };
  }
  const first = waiting.deciders[0];
  if (!first) return null;
  const asker = waiting.requester === store.me ? "you asked for it, so " : "";
  const others = waiting.deciders.slice(0, 2).map((each) => each.name).join(" or ");
  return { text: `${what} waits for approval: ${asker}${others} can approve.`, be: person(first.id) };
}

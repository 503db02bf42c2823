// What the page knows, and the plain questions asked of it. Private answers live here only:
// they were shown once, to one person, and a reload forgets them, as in Slack.

export const store = {
  me: null,
  people: [], groups: [], channels: [], bot: null, botName: "wrasse",
  messages: new Map(), // channel -> Map(ts -> message)
  privates: new Map(), // ts -> private answer, this page load only
  seen: new Map(), // "person channel" -> ts of the last message seen
  seenAtLoad: new Map(), // channel -> ts, for persons who have not looked yet
  channel: null,
  thread: null, // { channel, ts }
  appTab: "messages", // or "home": which side of the bot's own conversation is shown
  homes: new Map(), // person -> what the app's home shows them
  demo: null,
};

export const person = (id) => store.people.find((each) => each.id === id);
export const me = () => person(store.me);
export const channel = (id) => store.channels.find((each) => each.id === id);

/** "ana (noc)": a person with the groups that decide what they may do. */
export function titleOf(someone) {
  const roles = [...someone.groups];
  if (someone.isGuest) roles.push("guest");
  if (someone.isStranger) roles.push("another workspace");
  return roles.length > 0 ? `${someone.name} (${roles.join(", ")})` : someone.name;
}

/** How ids read in messages. */
export const names = {
  person: (id) => (id === store.bot ? store.botName : person(id)?.name),
  channel: (id) => channel(id)?.name,
  group: (id) => store.groups.find((each) => each.id === id)?.handle,
  isMe: (mention) => mention === `@${store.me}` || (me()?.groups ?? []).some((handle) => mention === `!subteam^${groupId(handle)}`),
};

const groupId = (handle) => store.groups.find((each) => each.handle === handle)?.id;

/** What a typed text becomes on its way out: names turn into mentions, as a Slack client does it. */
export function withMentions(text) {
  return text.replace(/(^|[\s(])@([a-z0-9][a-z0-9._-]*)/gi, (whole, before, name) => {
    const lower = name.toLowerCase();
    if (lower === store.botName.toLowerCase()) return `${before}<@${store.bot}>`;
    const someone = store.people.find((each) => each.name.toLowerCase() === lower);
    if (someone) return `${before}<@${someone.id}>`;
    const group = store.groups.find((each) => each.handle.toLowerCase() === lower);
    return group ? `${before}<!subteam^${group.id}|@${group.handle}>` : whole;
  });
}

/** Keeps a message, new or edited. Answers whether it was new. */
export function keep(message) {
  if (message.onlyFor) {
    const isNew = !store.privates.has(message.ts);
    store.privates.set(message.ts, message);
    return isNew;
  }
  if (!store.messages.has(message.channel)) store.messages.set(message.channel, new Map());
  const known = store.messages.get(message.channel);
  const isNew = !known.has(message.ts);
  known.set(message.ts, message);
  return isNew;
}

export function forget(channelId, ts) {
  store.messages.get(channelId)?.delete(ts);
  store.privates.delete(ts);
}

const byTime = (a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0);
const publicOf = (channelId) => [...(store.messages.get(channelId)?.values() ?? [])];
const privatesOf = (channelId) => [...store.privates.values()].filter((each) => each.channel === channelId && each.onlyFor === store.me);

/** The channel as this person sees it: no replies, with their own private answers. */
export function topLevel(channelId) {
  return publicOf(channelId).filter((each) => !each.threadTs || each.broadcast)
    .concat(privatesOf(channelId).filter((each) => !each.threadTs)).sort(byTime);
}

/** A thread: its first message and the replies. */
export function inThread({ channel: channelId, ts }) {
  return publicOf(channelId).filter((each) => each.ts === ts || each.threadTs === ts)
    .concat(privatesOf(channelId).filter((each) => each.threadTs === ts)).sort(byTime);
}

export function replyCount(message) {
  const known = publicOf(message.channel).filter((each) => each.threadTs === message.ts).length;
  return Math.max(known, message.replies);
}

/** Whether a reply there should reach this person: they began it, were named in it, or wrote in it. */
export function followsThread(channelId, ts) {
  const mention = `<@${store.me}>`;
  return publicOf(channelId).filter((each) => each.ts === ts || each.threadTs === ts)
    .some((each) => each.author === store.me || JSON.stringify([each.text, each.blocks]).includes(mention));
}

/** Whether a message names this person or one of their groups. */
export function namesMe(message) {
  const words = JSON.stringify([message.text, message.blocks]);
  if (words.includes(`<@${store.me}>`) || /<!(here|channel|everyone)/.test(words)) return true;
  return (me()?.groups ?? []).some((handle) => words.includes(`<!subteam^${groupId(handle)}`));
}

const seenKey = (channelId) => `${store.me} ${channelId}`;

export function unread(channelId) {
  const seen = store.seen.get(seenKey(channelId)) ?? store.seenAtLoad.get(channelId) ?? "0";
  return topLevel(channelId).filter((each) => each.ts > seen && each.author !== store.me && !each.onlyFor).length;
}

export function markSeen(channelId) {
  const last = topLevel(channelId).at(-1);
  if (last) store.seen.set(seenKey(channelId), last.ts);
}

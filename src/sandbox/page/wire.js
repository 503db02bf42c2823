// The page's only talk with the server: the control API's calls and its live events.
// Shapes are read here once, so that the rest of the page works with its own.

const AGAIN_MS = 1000;

/** The server said no; the message is what a person can do about it. */
export class Refused extends Error {}

async function call(method, path, body) {
  let reply;
  try {
    reply = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The sandbox does not answer. It is tried again by itself.");
  }
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok || answer.ok === false) {
    const refused = new Refused(answer.hint ?? answer.error ?? `The sandbox answered ${reply.status}.`);
    refused.status = reply.status;
    throw refused;
  }
  return answer;
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();

export const wire = {
  state: (as) => call("GET", `/sandbox/state?${query({ as })}`).then(readState),
  messages: (channel, as) => call("GET", `/sandbox/messages?${query({ channel, as })}`).then((answer) => readMessages(answer, channel)),
  replies: (channel, thread_ts, as) =>
    call("GET", `/sandbox/messages?${query({ channel, thread_ts, as })}`).then((answer) => readMessages(answer, channel)),
  views: (user) => call("GET", `/sandbox/views?${query({ user })}`),
  home: (user) => call("POST", "/sandbox/home", { user }),
  slash: (user, channel, command, text) => call("POST", "/sandbox/slash", { user, channel, command, text }),
  say: (user, channel, text, thread_ts) => call("POST", "/sandbox/say", { user, channel, text, ...(thread_ts ? { thread_ts } : {}) }),
  press: (press) => call("POST", "/sandbox/press", press),
  submit: (user, view_id, values) => call("POST", "/sandbox/submit", { user, view_id, values }),
  close: (user, view_id) => call("POST", "/sandbox/close", { user, view_id }),
  fleet: () => call("GET", "/sandbox/fleet").then((answer) => answer.map(readServer)),
  server: (name) => call("GET", `/sandbox/fleet/${encodeURIComponent(name)}`).then((answer) => readServer(answer)),
  fault: (name, kind) => call("POST", `/sandbox/fleet/${encodeURIComponent(name)}/fault`, { kind }),
  repair: (name) => call("POST", `/sandbox/fleet/${encodeURIComponent(name)}/repair`, {}),
  comes: (site, level) => call("POST", "/sandbox/traffic", { site, level }),
  demo: () => call("GET", "/sandbox/demo"),
  bot: (action) => call("POST", "/sandbox/demo/bot", { action }),
};

function readState(answer) {
  return {
    bot: answer.bot.user_id,
    botName: answer.bot.name,
    groups: answer.groups.map((group) => ({ id: group.id, handle: group.handle })),
    people: answer.people.map((each) => ({
      id: each.id, name: each.name, groups: each.groups, isGuest: each.is_guest, isStranger: each.is_stranger, isGone: each.is_deactivated,
    })),
    channels: answer.channels.map((each) => ({
      id: each.id, name: each.name, isDirect: each.kind === "direct", isPrivate: each.kind === "private", isShared: each.is_shared,
      with: each.user, botIsIn: each.has_bot,
    })),
  };
}

const readMessages = (answer, channel) => answer.messages.map((message) => readMessage(message, channel));

/** A message as the page keeps it. */
export function readMessage(raw, channel) {
  return {
    channel: raw.channel ?? channel, ts: raw.ts, threadTs: raw.thread_ts && raw.thread_ts !== raw.ts ? raw.thread_ts : null,
    author: raw.user, authorName: raw.author, isBot: Boolean(raw.is_bot), text: raw.text ?? "", blocks: raw.blocks ?? [],
    edited: Boolean(raw.edited), onlyFor: raw.only_for ?? null, replies: raw.reply_count ?? 0, broadcast: Boolean(raw.is_broadcast),
  };
}

/** A server as the map shows it. */
export function readServer(raw) {
  return {
    name: raw.name, site: raw.site, kind: raw.type, rack: raw.rack, phase: raw.phase, power: raw.power, bootId: raw.boot_id,
    bootedAtMs: raw.booted_at_ms, reboots: raw.reboots ?? 0, rotation: raw.rotation, connections: raw.connections, faults: raw.faults ?? [], log: raw.log ?? [],
  };
}

const KINDS = ["message", "message_changed", "message_deleted", "ephemeral", "view_opened", "view_updated", "view_closed", "home", "press_failed", "typing",
  "fleet", "bot", "channel", "person", "reload"];

/** Follows the live events for ever. `opened` runs after each connection, so that what was missed is read again. */
export function follow({ opened, lost, heard }) {
  const source = new EventSource("/sandbox/events");
  source.addEventListener("open", opened);
  for (const kind of KINDS) source.addEventListener(kind, (event) => heard(kind, JSON.parse(event.data)));
  source.addEventListener("error", () => {
    lost();
    // The browser tries again by itself, except when the answer was no event stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow({ opened, lost, heard }), AGAIN_MS);
  });
}

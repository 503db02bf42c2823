// The page's only talk with the server: the control API's calls and its live events.
// Shapes are read here once, so that the rest of the page works with its own.

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
  views: (user) => call("GET", `/sandbox/views?${query({ user })}`).then(readViews),
  slash: (user, channel, command, text) => call("POST", "/sandbox/slash", { user, channel, command, text }),
  say: (user, channel, text, thread_ts) => call("POST", "/sandbox/say", { user, channel, text, ...(thread_ts ? { thread_ts } : {}) }),
  press: (press) => call("POST", "/sandbox/press", press),
  submit: (user, view_id, values) => call("POST", "/sandbox/submit", { user, view_id, values }),
  close: (user, view_id) => call("POST", "/sandbox/close", { user, view_id }),
  fleet: () => call("GET", "/sandbox/fleet").then((answer) => listOf(answer, "servers").map(readServer)),
  server: (name) => call("GET", `/sandbox/fleet/${encodeURIComponent(name)}`).then((answer) => readServer(answer.server ?? answer)),
  fault: (name, kind) => call("POST", `/sandbox/fleet/${encodeURIComponent(name)}/fault`, { kind }),
  repair: (name) => call("POST", `/sandbox/fleet/${encodeURIComponent(name)}/repair`, {}),
  demo: () => call("GET", "/sandbox/demo"),
  bot: (action) => call("POST", "/sandbox/demo/bot", { action }),
};

const listOf = (answer, name) => (Array.isArray(answer) ? answer : answer[name] ?? []);

function readState(answer) {
  const bot = answer.bot_user_id ?? answer.bot?.user_id ?? answer.bot?.id ?? answer.bot;
  const groups = listOf(answer, "usergroups").concat(answer.groups ?? []).map((group) => ({ id: group.id, handle: group.handle ?? group.name }));
  const people = listOf(answer, "people").map((person) => readPerson(person, groups)).filter((person) => person.id !== bot && !person.isBot);
  const channels = listOf(answer, "channels").map((channel) => ({
    id: channel.id,
    name: channel.name ?? "",
    isDirect: Boolean(channel.is_im ?? channel.im ?? false),
    with: channel.user ?? channel.with,
    isPrivate: Boolean(channel.is_private),
    isShared: Boolean(channel.is_ext_shared ?? channel.is_shared ?? channel.shared),
    botIsIn: channel.bot_is_member ?? channel.bot_member ?? channel.bot_is_in ?? channel.has_bot,
    members: channel.members ?? [],
  }));
  return { bot, botName: answer.bot_name ?? answer.bot?.name ?? "wrasse", people, groups, channels };
}

function readPerson(person, groups) {
  const handles = (person.groups ?? []).map((group) => {
    const known = groups.find((each) => each.id === group || each.id === group.id);
    return known?.handle ?? group.handle ?? group.name ?? group;
  });
  return {
    id: person.id, name: person.name, groups: handles,
    isBot: Boolean(person.is_bot), isGuest: Boolean(person.is_restricted ?? person.is_guest ?? person.guest),
    isStranger: Boolean(person.is_stranger ?? person.stranger), isGone: Boolean(person.deleted),
  };
}

const readMessages = (answer, channel) => listOf(answer, "messages").map((message) => readMessage(message, channel));

/** A message as the page keeps it. */
export function readMessage(raw, channel) {
  const author = typeof raw.author === "object" && raw.author ? raw.author.id : raw.author;
  return {
    channel: raw.channel ?? channel,
    ts: raw.ts ?? raw.message_ts,
    threadTs: raw.thread_ts && raw.thread_ts !== raw.ts ? raw.thread_ts : null,
    author: raw.user ?? author ?? raw.bot_id,
    authorName: raw.author_name ?? raw.username ?? raw.author?.name,
    isBot: Boolean(raw.is_bot ?? raw.bot_id ?? raw.app_id),
    text: raw.text ?? "",
    blocks: raw.blocks ?? [],
    edited: Boolean(raw.edited),
    onlyFor: raw.only_for ?? null,
    replies: raw.reply_count ?? 0,
    broadcast: raw.is_broadcast ?? raw.subtype === "thread_broadcast",
    subtype: raw.subtype,
  };
}

const readViews = (answer) => listOf(answer, "views").map((view) => view.view ?? view).filter((view) => view.type !== "home");

/** A server as the map shows it. */
export function readServer(raw) {
  const state = { ...raw, ...(typeof raw.state === "object" ? raw.state : {}) };
  const faults = Array.isArray(state.faults) ? state.faults
    : Object.entries(state.faults ?? {}).filter(([, on]) => on).map(([kind]) => kind);
  return {
    name: state.name ?? state.server, site: state.site, kind: state.type ?? state.kind, rack: state.rack, pool: state.pool,
    phase: state.phase ?? "P", power: state.power, bootId: state.boot_id, bootedAtMs: state.booted_at_ms, reboots: state.reboots ?? 0, doing: state.doing,
    drained: state.drained, balancer: state.rotation ?? state.balancer, connections: state.connections,
    faults: faults.map((fault) => fault.kind ?? fault), log: state.log ?? [],
  };
}

const KINDS = ["message", "message_changed", "message_deleted", "ephemeral", "ephemeral_changed", "ephemeral_deleted", "view_opened",
  "view_updated", "view_closed", "press_failed", "home", "typing", "fleet", "bot", "channel", "channels", "person", "people"];

/** Follows the live events for ever. `opened` runs after each connection, so that what was missed is read again. */
export function follow({ opened, lost, heard }) {
  const source = new EventSource("/sandbox/events");
  const take = (kind) => (event) => {
    let data;
    try { data = JSON.parse(event.data); } catch { return; }
    heard(kind ?? data.kind ?? data.type, data.data ?? data.payload ?? data);
  };
  source.addEventListener("open", opened);
  for (const kind of KINDS) source.addEventListener(kind, take(kind));
  source.addEventListener("message", (event) => {
    // A nameless event says its kind in its data; a named "message" event is taken above.
    if (/"kind"\s*:/.test(event.data.slice(0, 200))) take(null)(event);
  });
  source.addEventListener("error", () => {
    lost();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow({ opened, lost, heard }), 1000);
  });
}

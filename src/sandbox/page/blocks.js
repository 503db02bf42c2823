// Block Kit as document nodes: every block and element a Wrasse message or modal uses, and a readable rest.

import { make } from "./dom.js";
import { inputElement } from "./inputs.js";
import { mrkdwn, plainText, safeAddress, withServers } from "./mrkdwn.js";

/**
 * The nodes of a message's or view's blocks. `context.press(action)` is called with
 * { action_id, block_id, value, label, url, confirm } when a person acts.
 */
export function blockNodes(blocks, context) {
  return blocks.map((block, index) => {
    const show = BLOCKS[block.type] ?? unknownBlock;
    const node = show(block, { ...context, blockId: block.block_id ?? `b${index}` });
    node.classList.add("block", `block-${block.type}`);
    node.dataset.block = block.block_id ?? `b${index}`;
    return node;
  });
}

/** A text object, in its own kind of writing. */
export function textNode(text, names) {
  if (!text) return document.createDocumentFragment();
  return text.type === "mrkdwn" ? mrkdwn(text.text, names) : plainText(text.text);
}

const BLOCKS = {
  section: (block, context) => make("div", {},
    make("div", { class: "section-text" },
      textNode(block.text, context.names),
      block.fields ? make("div", { class: "fields" }, ...block.fields.map((field) => make("div", {}, textNode(field, context.names)))) : null),
    block.accessory ? elementNode(block.accessory, context) : null),
  context: (block, context) => make("div", {}, ...(block.elements ?? []).map((element) => make("span", {},
    element.type === "image" ? `▢ ${element.alt_text ?? ""}` : textNode(element, context.names)))),
  actions: (block, context) => make("div", { role: "group" }, ...(block.elements ?? []).map((element) => elementNode(element, context))),
  header: (block) => make("h3", {}, plainText(block.text?.text)),
  divider: () => make("hr"),
  image: (block) => make("p", {}, `▢ ${block.title?.text ?? block.alt_text ?? "picture"}`),
  markdown: (block, context) => make("div", {}, mrkdwn(fromMarkdown(block.text ?? ""), context.names)),
  alert: (block, context) => make("div", { role: "note", data: { level: block.level ?? block.style ?? "warning" } },
    make("span", { class: "alert-sign", "aria-hidden": "true" }, ALERT_SIGNS[block.level ?? block.style] ?? "⚠"),
    make("span", {}, typeof block.text === "string" ? plainText(block.text) : textNode(block.text, context.names))),
  input: (block, context) => {
    const id = `${context.scope}-${context.blockId}`;
    const isChoice = ["radio_buttons", "checkboxes"].includes(block.element?.type);
    const label = block.label?.text ?? "";
    return make(isChoice ? "fieldset" : "div", { data: { optional: block.optional ? "yes" : "no" } },
      make(isChoice ? "legend" : "label", isChoice ? {} : { for: id }, label, block.optional ? make("small", {}, " (optional)") : null),
      inputElement(block.element ?? {}, { id, blockId: context.blockId, label, names: context.names, dispatch: block.dispatch_action ? context.press : null }),
      block.hint ? make("p", { class: "input-hint" }, block.hint.text) : null,
      make("p", { class: "input-fault", role: "alert", hidden: true }));
  },
  plan: (block, context) => make("div", {},
    block.title ? make("p", { class: "plan-title" }, plainText(block.title.text ?? block.title)) : null,
    make("ul", { class: "tasks" }, ...(block.tasks ?? []).map((task) => taskNode(task, context)))),
  task_card: (block, context) => make("div", {}, make("ul", { class: "tasks" }, taskNode(block, context))),
  table: (block, context) => tableNode(block.rows ?? [], context),
  data_table: (block, context) => tableNode(block.rows ?? [], context),
  rich_text: (block, context) => make("div", {}, ...(block.elements ?? []).map((element) => richNode(element, context))),
};

const ALERT_SIGNS = { info: "ℹ", success: "✓", warning: "⚠", error: "✗", danger: "✗" };
const TASK_SIGNS = { pending: "·", in_progress: "▶", complete: "✓", error: "✗" };

const unknownBlock = (block) => make("div", {}, `[${block.type}]`);

function taskNode(task, context) {
  const status = task.status ?? "pending";
  const more = task.output ?? task.details;
  return make("li", { data: { status } },
    make("span", { class: "task-sign", title: status.replace("_", " ") }, TASK_SIGNS[status] ?? "·"),
    make("span", {}, ...withServers(task.title?.text ?? task.title ?? "")),
    more ? make("div", { class: "task-output" }, more.elements ? richNode(more, context) : plainText(more.text ?? String(more))) : null);
}

function tableNode(rows, context) {
  const cell = (tag, value) => make(tag, {}, value?.elements ? richNode(value, context) : plainText(value?.text ?? String(value ?? "")));
  return make("div", {}, make("table", {},
    make("thead", {}, make("tr", {}, ...(rows[0] ?? []).map((value) => cell("th", value)))),
    make("tbody", {}, ...rows.slice(1).map((row) => make("tr", {}, ...row.map((value) => cell("td", value)))))));
}

function richNode(element, context) {
  const inside = () => (element.elements ?? []).map((each) => richNode(each, context));
  switch (element.type) {
    case "rich_text": case "rich_text_section": return make("span", {}, ...inside());
    case "rich_text_preformatted": return make("pre", {}, ...inside());
    case "rich_text_quote": return make("blockquote", {}, ...inside());
    case "rich_text_list": return make("ul", {}, ...inside().map((each) => make("li", {}, each)));
    case "user": return mrkdwn(`<@${element.user_id}>`, context.names);
    case "usergroup": return mrkdwn(`<!subteam^${element.usergroup_id}>`, context.names);
    case "channel": return mrkdwn(`<#${element.channel_id}>`, context.names);
    case "link": return make("a", { href: safeAddress(element.url), target: "_blank", rel: "noreferrer" }, element.text ?? element.url);
    case "emoji": return mrkdwn(`:${element.name}:`, context.names);
    default: {
      const style = element.style ?? {};
      const tag = style.code ? "code" : style.bold ? "strong" : style.italic ? "em" : style.strike ? "s" : "span";
      return make(tag, {}, plainText(element.text ?? ""));
    }
  }
}

const fromMarkdown = (text) => text.replace(/\*\*([^*]+)\*\*/g, "*$1*").replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, "<$2|$1>").replace(/^#+ (.+)$/gm, "*$1*");

/** A button, menu or choice that acts at once. */
function elementNode(element, context) {
  const action = { action_id: element.action_id, block_id: context.blockId, confirm: element.confirm };
  if (element.type === "button") {
    const label = element.text?.text ?? "";
    const press = () => context.press({ ...action, value: element.value, label, url: element.url });
    return make("button", {
      type: "button", class: `action ${element.style ?? "plain"}`, "aria-label": element.accessibility_label,
      data: { focus: `a:${element.action_id}`, action: element.action_id ?? "" }, on: { click: press },
    }, element.style === "danger" ? make("span", { class: "visually-hidden" }, "careful: ") : null, label, element.url ? " ↗" : "");
  }
  if (element.type === "image") return make("span", {}, `▢ ${element.alt_text ?? ""}`);
  return inputElement(element, {
    id: `${context.scope}-${element.action_id}`, blockId: context.blockId, label: element.placeholder?.text ?? element.action_id,
    names: context.names, dispatch: (extra) => context.press({ ...action, ...extra }),
  });
}

// The elements people fill in, in modals and messages, and how their values are read back in Slack's shape.

import { make } from "./dom.js";
import { mrkdwn, plainText } from "./mrkdwn.js";

const TEXTS = { plain_text_input: "text", number_input: "text", email_text_input: "email", url_text_input: "url" };

/** The control for one element. `dispatch` is called at each change of an element that acts at once. */
export function inputElement(element, { id, blockId, label, names, dispatch }) {
  const data = { input: element.type, block: blockId, action: element.action_id ?? "" };
  const tell = (extra) => dispatch?.({ action_id: element.action_id, block_id: blockId, label, ...extra });
  if (element.type in TEXTS) {
    const shared = {
      id, data: { ...data, focus: `i:${blockId}` }, placeholder: element.placeholder?.text, maxlength: element.max_length,
      autofocus: element.focus_on_load, inputmode: element.type === "number_input" ? "decimal" : undefined,
    };
    const control = element.multiline ? make("textarea", { ...shared, rows: 3 }) : make("input", { ...shared, type: TEXTS[element.type] });
    control.value = element.initial_value ?? "";
    if (dispatch) control.addEventListener("change", () => tell({ value: control.value }));
    return control;
  }
  if (element.type === "radio_buttons" || element.type === "checkboxes") {
    const kind = element.type === "checkboxes" ? "checkbox" : "radio";
    const chosen = [element.initial_option, ...(element.initial_options ?? [])].filter(Boolean).map((option) => option.value);
    return make("div", { id, class: "choices", data }, ...(element.options ?? []).map((option, index) => make("label", { class: "choice" },
      make("input", {
        type: kind, name: id, value: option.value, checked: chosen.includes(option.value), data: { focus: `o:${blockId}:${index}`, label: option.text.text },
        on: { change: () => tell({ value: option.value, selected_option: option }) },
      }),
      make("span", {}, option.text.type === "mrkdwn" ? mrkdwn(option.text.text, names) : plainText(option.text.text),
        option.description ? make("small", {}, option.description.text) : null))));
  }
  if (element.type === "static_select" || element.type === "external_select") {
    const options = element.options ?? (element.option_groups ?? []).flatMap((group) => group.options);
    const control = make("select", { id, "aria-label": label, data: { ...data, focus: `i:${blockId}` } },
      make("option", { value: "" }, element.placeholder?.text ?? "Choose…"),
      ...options.map((option) => make("option", { value: option.value, selected: element.initial_option?.value === option.value }, option.text.text)));
    control.addEventListener("change", () => {
      const option = options.find((each) => each.value === control.value);
      if (option) tell({ value: option.value, selected_option: option });
    });
    return control;
  }
  return make("p", { class: "input-hint" }, `The sandbox does not show ${element.type ?? "this element"} yet.`);
}

/** Every value of a form, as `view.state.values` has it. */
export function valuesOf(form) {
  const values = {};
  for (const control of form.querySelectorAll("[data-input]")) {
    const { input: type, block, action } = control.dataset;
    (values[block] ??= {})[action] = { type, ...valueOf(control, type) };
  }
  return values;
}

/** The same values as a caller of `/sandbox/submit` writes them: plain, and without what was left untouched. */
export function plainValuesOf(form) {
  const plain = {};
  for (const [block, actions] of Object.entries(valuesOf(form))) {
    for (const [action, said] of Object.entries(actions)) {
      const value = said.type in TEXTS ? said.value ?? "" : said.selected_options?.map((option) => option.value) ?? said.selected_option?.value;
      if (value !== undefined) (plain[block] ??= {})[action] = value;
    }
  }
  return plain;
}

const optionOf = (input) => ({ text: { type: "plain_text", text: input.dataset.label ?? input.textContent, emoji: true }, value: input.value });

function valueOf(control, type) {
  if (type in TEXTS) return { value: control.value === "" ? null : control.value };
  if (type === "radio_buttons") {
    const picked = control.querySelector("input:checked");
    return { selected_option: picked ? optionOf(picked) : null };
  }
  if (type === "checkboxes") return { selected_options: [...control.querySelectorAll("input:checked")].map(optionOf) };
  return { selected_option: control.value ? optionOf(control.selectedOptions[0]) : null };
}

const isEmpty = (value) => (value.value ?? value.selected_option ?? null) === null && (value.selected_options ?? []).length === 0;

/** Marks the needed inputs that are empty; answers whether the form may be sent. */
export function checkNeeded(form) {
  const values = valuesOf(form);
  const faults = {};
  for (const block of form.querySelectorAll(".block-input[data-optional='no']")) {
    const here = Object.values(values[block.dataset.block] ?? {});
    if (here.length > 0 && here.every(isEmpty)) faults[block.dataset.block] = "This field is needed.";
  }
  showFaults(form, faults);
  return Object.keys(faults).length === 0;
}

/** Shows what the bot said about single fields, and takes away what it said before. */
export function showFaults(form, faults) {
  let first = null;
  for (const block of form.querySelectorAll(".block-input")) {
    const note = block.querySelector(".input-fault");
    const fault = faults[block.dataset.block];
    note.textContent = fault ?? "";
    note.hidden = !fault;
    if (fault && !first) first = block.querySelector("input, textarea, select");
  }
  first?.focus();
}

/** Puts back what a person had typed before the view was drawn anew. */
export function restore(form, values) {
  for (const control of form.querySelectorAll("[data-input]")) {
    const old = values[control.dataset.block]?.[control.dataset.action];
    if (!old || old.type !== control.dataset.input || isEmpty(old)) continue;
    if (control.dataset.input in TEXTS) control.value = old.value;
    else if (control.tagName === "SELECT") control.value = old.selected_option.value;
    else {
      const picked = (old.selected_options ?? [old.selected_option]).map((option) => option.value);
      for (const input of control.querySelectorAll("input")) input.checked = picked.includes(input.value);
    }
  }
}

// A place to type: Enter sends, Shift+Enter breaks the line, ↑ and ↓ recall what was sent from here.

import { Refused } from "./wire.js";

const HEIGHT_MAX_PX = 160;
const KEPT_LINES_MAX = 50;

/** Makes a form a composer. `send(text)` may throw Refused: the text then stays, with the reason under it. */
export function startComposer(form, send) {
  const area = form.querySelector("textarea");
  const note = form.querySelector(".composer-note");
  const sent = [];
  let at = 0;

  const say = (text) => { note.textContent = text ?? ""; note.hidden = !text; };
  const fit = () => { area.style.height = "auto"; area.style.height = `${Math.min(area.scrollHeight, HEIGHT_MAX_PX)}px`; };
  const put = (text) => { area.value = text; fit(); area.setSelectionRange(text.length, text.length); };

  async function submit() {
    const text = area.value.trim();
    if (text === "") return;
    put("");
    say(null);
    if (sent.at(-1) !== text) sent.push(text);
    if (sent.length > KEPT_LINES_MAX) sent.shift();
    at = sent.length;
    try {
      await send(text);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      say(refused.message);
      if (area.value === "") put(text);
    }
  }

  function recall(step) {
    if (sent.length === 0) return;
    at = Math.max(0, Math.min(sent.length, at + step));
    put(sent[at] ?? "");
  }

  area.addEventListener("input", fit);
  area.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const recalls = area.value === "" || area.value === sent[at];
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); submit(); }
    else if (event.key === "ArrowUp" && recalls && !event.altKey) { event.preventDefault(); recall(-1); }
    else if (event.key === "ArrowDown" && recalls && !event.altKey) { event.preventDefault(); recall(1); }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); area.focus(); });
  return { put, submit, say, focus: () => area.focus() };
}

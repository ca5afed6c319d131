// The list of rows beside one of them, and moving in it; the pages of texts and of spans use it. The server holds all state.

import { get, say } from "./app.js";

export const list = document.getElementById("list");
export const pane = document.getElementById("pane");
export const detail = document.getElementById("detail");
export const help = document.getElementById("help");
export const finder = document.getElementById("finder");
export const items = () => [...list.querySelectorAll("[data-row]")];
export const current = () => list.querySelector("[aria-current]");
export const shown = () => detail.querySelector("[data-row]");

let latest = 0;
let deciding = Promise.resolve();
let afterPut = () => {};

// What a page does with a row once it is in the pane.
export function whenPut(work) {
  afterPut = work;
}

export function mark(item) {
  for (const other of items()) other.removeAttribute("aria-current");
  if (!item) return;
  item.setAttribute("aria-current", "true");
  if (getComputedStyle(list).overflowY === "auto" && list.scrollHeight > list.clientHeight) item.scrollIntoView({ block: "nearest" });
}

export async function open(row, item) {
  const turn = ++latest;
  mark(item);
  try {
    const html = await get(`/rows/${row}`);
    if (turn !== latest) return;
    put(html);
    const address = new URL(location);
    address.searchParams.set("row", row);
    history.replaceState(null, "", address);
  } catch (error) {
    say(error.message, true);
  }
}

function put(html) {
  // Focus within the pane would be lost with what it is on: it moves to the same control of the next row.
  const held = detail.contains(document.activeElement) ? document.activeElement : null;
  const where = held && (held.dataset.do ? `[data-do="${held.dataset.do}"]` : held.id ? `#${CSS.escape(held.id)}` : "#scroller");
  const label = held && held.dataset.label;
  detail.innerHTML = html;
  afterPut();
  if (label !== null && label !== undefined) buttonOf(label)?.focus({ preventScroll: true });
  else if (where) detail.querySelector(where)?.focus({ preventScroll: true });
  if (getComputedStyle(list).display !== "none" && innerWidth <= 760) pane.scrollIntoView({ block: "start" });
}

export const buttonOf = (label) => [...detail.querySelectorAll("[data-label]")].find((button) => button.dataset.label === label);

export function step(by, wanted = () => true) {
  const all = items();
  let at = all.indexOf(current()) + by;
  while (all[at] && !wanted(all[at])) at += by;
  if (all[at]) return open(all[at].dataset.row, all[at]);
  const more = document.getElementById(by > 0 ? "after" : "before");
  if (more) return location.assign(more.href);
  say(by > 0 ? "This is the last row here." : "This is the first row here.");
}

// One decision after the other: fast keys must not overtake each other.
export function inTurn(work) {
  pane.setAttribute("aria-busy", "true");
  const turn = (deciding = deciding.then(work).catch((error) => say(error.message, true)));
  turn.then(() => turn === deciding && pane.setAttribute("aria-busy", "false"));
  return turn;
}

// Back to the keys; the find box shows all labels again.
export function leave(field) {
  if (field.id !== "find") return field.blur();
  field.value = "";
  filterLabels("");
  document.getElementById("scroller").focus({ preventScroll: true });
}

// With more classes than digits: type a part of the name, Enter gives the first that is left.
function onFind(event) {
  if (event.target.id !== "find") return;
  filterLabels(event.target.value);
}

function filterLabels(text) {
  const wanted = text.toLowerCase();
  let first = Boolean(wanted);
  for (const button of detail.querySelectorAll("[data-label]")) {
    button.hidden = !button.dataset.label.toLowerCase().includes(wanted);
    button.classList.toggle("first", first && !button.hidden);
    if (!button.hidden) first = false;
  }
}

// What Enter in the find box chooses.
let choose = () => {};

function onFindKey(event) {
  if (event.target.id !== "find" || event.key !== "Enter") return;
  event.preventDefault();
  const first = detail.querySelector("[data-label]:not([hidden])");
  if (!first || !event.target.value) return;
  const label = first.dataset.label;
  leave(event.target);
  choose(label);
}

export function whenFound(work) {
  choose = work;
}

detail.addEventListener("input", onFind);
detail.addEventListener("keydown", onFindKey);
list.addEventListener("click", (event) => {
  const item = event.target.closest("[data-row]");
  if (!item || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  inTurn(() => open(item.dataset.row, item));
});
finder.addEventListener("change", (event) => event.target.matches("select") && finder.requestSubmit());
finder.addEventListener("submit", () => {
  // Empty fields say nothing: they stay out of the address.
  for (const field of finder.elements) if (field.name && field.value === "") field.disabled = true;
});
mark(current());

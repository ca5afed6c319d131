// The rows page: move, decide and undo from the keyboard or by buttons. The server holds all state.

import { get, post, say } from "./app.js";

const list = document.getElementById("list");
const pane = document.getElementById("pane");
const detail = document.getElementById("detail");
const help = document.getElementById("help");
const finder = document.getElementById("finder");
const items = () => [...list.querySelectorAll("[data-row]")];
const current = () => list.querySelector("[aria-current]");
const shown = () => detail.querySelector("[data-row]");

let latest = 0;
let deciding = Promise.resolve();

function mark(item) {
  for (const other of items()) other.removeAttribute("aria-current");
  if (!item) return;
  item.setAttribute("aria-current", "true");
  if (getComputedStyle(list).overflowY === "auto" && list.scrollHeight > list.clientHeight) item.scrollIntoView({ block: "nearest" });
}

async function open(row, item) {
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
  if (explaining) openWhy();
  if (label !== null && label !== undefined) buttonOf(label)?.focus({ preventScroll: true });
  else if (where) detail.querySelector(where)?.focus({ preventScroll: true });
  if (getComputedStyle(list).display !== "none" && innerWidth <= 760) pane.scrollIntoView({ block: "start" });
}

// Open or folded away for one row, the explanation is so for every row.
let explaining = true;

function openWhy() {
  const why = document.getElementById("why");
  if (why) why.open = true;
}

async function onWhy(event) {
  const why = event.target;
  if (why.id !== "why") return;
  explaining = why.open;
  const place = why.lastElementChild;
  if (!why.open || place.childNodes.length) return;
  try {
    place.innerHTML = await get(why.dataset.address);
  } catch (error) {
    place.textContent = error.message;
  }
}

const buttonOf = (label) => [...detail.querySelectorAll("[data-label]")].find((button) => button.dataset.label === label);

function step(by, wanted = () => true) {
  const all = items();
  let at = all.indexOf(current()) + by;
  while (all[at] && !wanted(all[at])) at += by;
  if (all[at]) return open(all[at].dataset.row, all[at]);
  const more = document.getElementById(by > 0 ? "after" : "before");
  if (more) return location.assign(more.href);
  say(by > 0 ? "This is the last row here." : "This is the first row here.");
}

const isCorrection = (label, proposed) => label !== null && Boolean(proposed) && label !== proposed;

function note(row, label) {
  const item = list.querySelector(`[data-row="${row}"]`);
  if (!item) return;
  if (label === null) delete item.dataset.mine;
  else item.dataset.mine = label;
  const decided = item.querySelector("[data-decided]");
  const corrected = isCorrection(label, item.dataset.proposed);
  decided.classList.toggle("corrected", corrected);
  decided.textContent = label === null ? "" : `${corrected ? "corrected: " : "✓ "}${label}`;
}

function update(found) {
  document.getElementById("progress").textContent = found.progress;
  const tally = document.getElementById("tally");
  if (tally && found.tally) tally.innerHTML = found.tally;
}

// One decision after the other: fast keys must not overtake each other.
function inTurn(work) {
  pane.setAttribute("aria-busy", "true");
  const turn = (deciding = deciding.then(work).catch((error) => say(error.message, true)));
  turn.then(() => turn === deciding && pane.setAttribute("aria-busy", "false"));
  return turn;
}

async function record(label) {
  const row = shown()?.dataset.row;
  if (row === undefined) return;
  const proposed = shown().dataset.proposed;
  const found = await post("/decide", { row: Number(row), label, sample: pane.dataset.sample || null });
  note(row, label);
  update(found);
  say(`Row ${row}: ${isCorrection(label, proposed) ? `corrected to ${label}` : label === proposed ? `accepted ${label}` : label}`);
  await step(1);
}

const decide = (label) => inTurn(() => record(label));

function undo() {
  return inTurn(async () => {
    const found = await post("/undo", { sample: pane.dataset.sample || null });
    note(found.row, null);
    update(found);
    await open(found.row, list.querySelector(`[data-row="${found.row}"]`));
    say(`Row ${found.row}: decision withdrawn`);
  });
}

const moves = {
  next: () => inTurn(() => step(1)),
  previous: () => inTurn(() => step(-1)),
  skip: () => inTurn(() => step(1, (item) => !("mine" in item.dataset))),
  undo,
  help: () => help.showModal(),
  search: () => document.getElementById("search").focus(),
  find: () => document.getElementById("find")?.focus(),
  // Which label is proposed is asked when it is its turn: by then the row may be another.
  accept: () => inTurn(async () => {
    const label = shown()?.dataset.proposed;
    if (label) await record(label);
    else say("No label is proposed for this row.");
  }),
  whole: async () => {
    try {
      document.getElementById("text").innerHTML = await get(`/rows/${shown().dataset.row}/text`);
      detail.querySelector("[data-do=whole]").closest("p").remove();
      document.getElementById("text").focus();
    } catch (error) {
      say(error.message, true);
    }
  },
};

const keys = { j: "next", ArrowDown: "next", k: "previous", ArrowUp: "previous", a: "accept", Enter: "accept", u: "undo", s: "skip", "/": "search", l: "find", "?": "help" };

// Back to the keys; the find box shows all labels again.
function leave(field) {
  if (field.id !== "find") return field.blur();
  field.value = "";
  filterLabels("");
  document.getElementById("scroller").focus({ preventScroll: true });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
  const on = event.target;
  if (on.matches("input, textarea, select")) {
    if (event.key === "Escape") leave(on);
    return;
  }
  if (event.key === "Enter" && on.closest("button, summary, a:not([aria-current])")) return;
  // In a long text the arrows scroll.
  if (event.key.startsWith("Arrow") && on.id === "text" && on.scrollHeight > on.clientHeight) return;
  const digit = /^[1-9]$/.test(event.key) && detail.querySelectorAll("[data-label]")[event.key - 1];
  if (digit) {
    event.preventDefault();
    decide(digit.dataset.label);
  } else if (keys[event.key] && !(event.key === "l" && !document.getElementById("find"))) {
    event.preventDefault();
    moves[keys[event.key]]();
  }
}

function onClick(event) {
  const control = event.target.closest("[data-do], [data-label]");
  if (!control) return;
  if (control.dataset.label !== undefined) decide(control.dataset.label);
  else moves[control.dataset.do]();
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

function onFindKey(event) {
  if (event.target.id !== "find" || event.key !== "Enter") return;
  event.preventDefault();
  const first = detail.querySelector("[data-label]:not([hidden])");
  if (!first || !event.target.value) return;
  const label = first.dataset.label;
  leave(event.target);
  decide(label);
}

document.addEventListener("keydown", onKey);
detail.addEventListener("click", onClick);
detail.addEventListener("toggle", onWhy, true);
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
if (explaining) openWhy();

// The rows page: move, decide and undo from the keyboard or by buttons. The server holds all state.

import { get, post, say } from "./app.js";
import { detail, help, inTurn, items, leave, list, open, pane, shown, step, whenFound, whenPut } from "./list.js";

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

async function record(label) {
  const row = shown()?.dataset.row;
  if (row === undefined) return;
  const proposed = shown().dataset.proposed;
  const found = await post("/decide", { row: Number(row), label, sample: pane.dataset.sample || null });
  note(row, label);
  update(found);
  say(`Row ${row}: ${isCorrection(label, proposed) ? `corrected to ${label}` : label === proposed ? `accepted ${label}` : label}`);
  await ("teaching" in pane.dataset ? learn() : step(1));
}

// Ordered by what teaches most, each decision changes the order: the list comes anew, and its first row is next.
async function learn() {
  const address = new URL(location);
  address.searchParams.delete("row");
  address.searchParams.delete("page");
  const page = new DOMParser().parseFromString(await get(address.href), "text/html");
  list.innerHTML = page.getElementById("list").innerHTML;
  const next = items().find((item) => !("mine" in item.dataset));
  if (next) await open(next.dataset.row, next);
  else say("All rows here are decided.");
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

document.addEventListener("keydown", onKey);
detail.addEventListener("click", onClick);
detail.addEventListener("toggle", onWhy, true);
whenFound(decide);
whenPut(() => explaining && openWhy());
if (explaining) openWhy();

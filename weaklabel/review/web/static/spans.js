// The page of texts with spans: every change is a change of the reviewer's own copy, until the text is completed.

import { get, post, say } from "./app.js";
import { detail, help, inTurn, leave, list, open, shown, step, whenFound, whenPut } from "./list.js";
import { make, nested, selectedTokens, tokensOf } from "./marks.js";

let state; // what the server says of the text
let tokens = []; // of the part that is shown
let spans = []; // as the reviewer has them, by place
let past = []; // what they were before each change
let chosen = -1; // number of the chosen span
let selection = null; // first and last token of words that are to become a span
let selecting = false; // whether the arrow keys move the selection
let dragged = null;
let lastLabel = null;

const byId = (id) => document.getElementById(id);
const byPlace = (a, b) => a.begin - b.begin || b.end - a.end || (a.label < b.label ? -1 : 1);
const copy = () => spans.map((span) => ({ ...span }));
const plain = (some) => JSON.stringify(some.map(({ begin, end, label }) => [begin, end, label]));
const asSpan = ([begin, end, label, prob = null]) => ({ begin, end, label, prob, checked: false });
const colorOf = (label) => state.colors[state.labels.indexOf(label)] ?? "";
const current = () => spans[chosen];
const overlaps = (a, b) => a.begin < b.end && b.begin < a.end;

function textOf({ begin, end }) {
  const inside = tokens.filter((token) => token.begin < end && token.end > begin);
  if (inside.length && inside[0].begin <= begin && inside.at(-1).end >= end) return inside.map((token) => token.shown).join("");
  return state.texts[`${begin}-${end}`] ?? `${begin} to ${end}`;
}

// A row comes into the pane: its spans are those of an unfinished review of it, of the decision, or the proposed ones.
function begin() {
  const place = byId("state");
  if (!place) return;
  state = JSON.parse(place.dataset.state);
  place.removeAttribute("data-state");
  spans = (state.mine ?? state.proposed).map(asSpan).sort(byPlace);
  const draft = sessionStorage.getItem(draftKey());
  if (draft) {
    try {
      spans = JSON.parse(draft).map(asSpan).sort(byPlace);
    } catch {
      sessionStorage.removeItem(draftKey());
    }
  }
  past = [];
  chosen = spans.length ? 0 : -1;
  selection = null;
  selecting = false;
  putPart(state.part);
}

const draftKey = () => `spans of ${state.key}`;

function keepDraft() {
  if (plain(spans) === plain((state.mine ?? state.proposed).map(asSpan).sort(byPlace))) sessionStorage.removeItem(draftKey());
  else sessionStorage.setItem(draftKey(), plain(spans));
}

function putPart(part) {
  state.part = part;
  tokens = tokensOf(part);
  selection = null;
  draw();
}

async function showPart(number) {
  if (number < 0 || number > state.bounds.length - 2 || number === state.part.number) return;
  try {
    putPart(await get(`/rows/${state.row}/part?number=${number}`));
  } catch (error) {
    say(error.message, true);
  }
}

// Everything is drawn anew: a part of a text is a few thousand characters.
function draw() {
  drawText();
  drawSpans();
  drawVotes();
  const parts = state.bounds.length - 1;
  byId("parts").hidden = parts < 2;
  byId("part-words").textContent = `part ${state.part.number + 1} of ${parts}`;
  for (const button of detail.querySelectorAll("[data-label]")) {
    button.setAttribute("aria-pressed", String(!selection && current()?.label === button.dataset.label));
  }
  for (const button of byId("span-tools").querySelectorAll("[data-do]:not([data-do=words])")) {
    button.toggleAttribute("disabled", chosen < 0);
  }
  const standing = byId("standing");
  const changed = sessionStorage.getItem(draftKey()) !== null;
  if (changed) standing.firstElementChild.textContent = "changed, not completed";
  else if (state.mine) standing.firstElementChild.textContent = `you completed it: ${counted(state.mine.length)}`;
  standing.hidden = !changed && !state.mine;
}

const counted = (n) => (n ? `${n} span${n > 1 ? "s" : ""}` : "no span");

function drawText() {
  const box = byId("text");
  const markOf = (span) => {
    const node = make("mark", { className: `span ${colorOf(span.label)}`, "data-pick": spans.indexOf(span), title: wordsOn(span) });
    node.classList.toggle("chosen", span === current() && !selection);
    return node;
  };
  box.replaceChildren(nested(tokens, spans, markOf));
  if (!tokens.length) box.append(make("span", { className: "soft", textContent: "(empty text)" }));
  if (selection) {
    for (const node of box.querySelectorAll("[data-token]")) {
      const index = Number(node.dataset.token);
      node.classList.toggle("selected", index >= selection.from && index <= selection.to);
    }
    box.querySelector(".selected")?.scrollIntoView({ block: "nearest" });
  }
  const pieces = box.querySelectorAll("mark.chosen");
  if (pieces.length) {
    pieces[0].prepend(make("span", { className: "handle", "data-edge": "begin", "aria-hidden": "true" }));
    pieces[pieces.length - 1].append(make("span", { className: "handle", "data-edge": "end", "aria-hidden": "true" }));
    pieces[0].scrollIntoView({ block: "nearest" });
  }
}

// The votes on a place: who says the same, who says something else, in words.
function votesOn(span) {
  const same = [];
  const others = [];
  for (const [lf, begin, end, label] of state.votes) {
    if (!overlaps({ begin, end }, span)) continue;
    if (begin === span.begin && end === span.end && label === span.label) same.push(lf);
    else others.push(`${lf} says ${label ?? "no entity"}${begin === span.begin && end === span.end ? "" : ` of “${textOf({ begin, end })}”`}`);
  }
  return { same, others };
}

function wordsOn(span) {
  if (!state.votes.length) return "";
  const { same, others } = votesOn(span);
  return [same.length ? `Voted for by ${same.join(", ")}` : "No labeling function marks exactly this", ...others].join("; ");
}

function drawSpans() {
  const inside = (span) => span.end > state.part.begin && span.begin < (tokens.at(-1)?.end ?? 0);
  const lines = spans.map((span, number) => {
    const button = make(
      "button",
      { type: "button", className: `pick ${colorOf(span.label)}`, "data-pick": number },
      make("span", { className: "what", dir: "auto", textContent: textOf(span) }),
      make("span", { className: "chip " + colorOf(span.label) }, make("span", { className: "name", textContent: span.label })),
      make("span", { className: "num soft", textContent: `${span.prob === null ? "" : span.prob.toFixed(2)}${span.checked ? " ✓ checked" : ""}${inside(span) ? "" : " in another part"}` }),
    );
    if (number === chosen) button.setAttribute("aria-current", "true");
    return make("li", {}, button);
  });
  byId("spans").replaceChildren(...(lines.length ? lines : [make("li", { className: "soft", textContent: "No span." })]));
  byId("said").textContent = selection
    ? `Selected: ${textOf({ begin: tokens[selection.from].begin, end: tokens[selection.to].end })}. Choose a label to add it.`
    : current() ? wordsOn(current()) : "";
}

function drawVotes() {
  const box = byId("votes");
  if (!state.votes.length) return box.replaceChildren(make("p", { className: "soft", textContent: "No labeling function marks anything in this text." }));
  const lines = state.votes.map(([lf, begin, end, label, reason], number) => {
    const takes = label !== null && state.labels.includes(label);
    const isThere = spans.some((span) => span.begin === begin && span.end === end && span.label === label);
    const take = make("button", { type: "button", className: "quiet small", "data-take": number, textContent: isThere ? "✓" : takes ? "Use" : "Select" });
    take.disabled = isThere;
    take.setAttribute("aria-label", isThere ? "This is a span" : `${takes ? "Use" : "Select"} ${textOf({ begin, end })} as ${lf} says`);
    const name = make("span", { className: "name", textContent: label ?? "no entity" });
    return make(
      "tr",
      { "data-vote": number },
      make("th", { scope: "row", textContent: lf }),
      make("td", {}, make("span", { className: "what", dir: "auto", textContent: textOf({ begin, end }) }), " ", make("span", { className: `chip ${colorOf(label)}` }, name), make("span", { className: "reason small soft", textContent: reason })),
      make("td", { className: "right" }, take),
    );
  });
  const head = ["Labeling function", "Marks", ""].map((words) => make("th", { scope: "col", textContent: words }));
  head[2].append(make("span", { className: "hidden-label", textContent: "Take it" }));
  box.replaceChildren(make("table", { className: "votes" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...lines)));
}

// Words that a vote marks are shown in the text while the vote is pointed at, or has the focus.
function showVote(event) {
  const line = event.type === "pointerout" || event.type === "focusout" ? null : event.target.closest("[data-vote]");
  const vote = line && state.votes[line.dataset.vote];
  for (const node of byId("text").querySelectorAll("[data-token]")) {
    const token = tokens[node.dataset.token];
    node.classList.toggle("voted", Boolean(vote) && token.begin < vote[2] && token.end > vote[1]);
  }
}

// A change can be undone, and is kept until the text is completed.
function change(work, words) {
  const before = copy();
  const after = work();
  if (after === undefined) return;
  past.push(before);
  spans.sort(byPlace);
  chosen = after === null ? Math.min(chosen, spans.length - 1) : spans.indexOf(after);
  selection = null;
  selecting = false;
  keepDraft();
  draw();
  say(words());
}

function choose(number, focus = true) {
  chosen = number;
  selection = null;
  selecting = false;
  draw();
  const span = current();
  if (!span) return;
  if (focus) byId("spans").querySelector(`[data-pick="${number}"]`)?.focus({ preventScroll: true });
  const place = state.bounds.findLastIndex((bound) => bound <= span.begin);
  if (span.end <= state.part.begin || span.begin >= (tokens.at(-1)?.end ?? 0)) showPart(Math.min(place, state.bounds.length - 2));
}

function neighbor(by) {
  if (selecting) return moveSelection(by, false);
  if (!spans.length) return say("This text has no span; w selects words for one.");
  choose(Math.min(Math.max(chosen + by, 0), spans.length - 1));
}

function add(begin, end, label) {
  change(
    () => {
      const span = { begin, end, label, prob: null, checked: true };
      if (spans.some((other) => other.begin === begin && other.end === end && other.label === label)) {
        say("This span is there already.");
        return undefined;
      }
      // Spans of a flat annotation do not overlap: the new one takes the place of others.
      const falls = state.nested ? spans.filter((other) => other.begin === begin && other.end === end) : spans.filter((other) => overlaps(other, span));
      spans = spans.filter((other) => !falls.includes(other));
      spans.push(span);
      lastLabel = label;
      return span;
    },
    () => `Added ${textOf({ begin, end })}: ${label}`,
  );
}

function giveLabel(label) {
  if (selection) return add(tokens[selection.from].begin, tokens[selection.to].end, label);
  const span = current();
  if (!span) return say("Select words, or choose a span, and then a label.");
  if (span.label === label) return accept();
  change(
    () => {
      span.label = label;
      span.prob = null;
      span.checked = true;
      lastLabel = label;
      spans = spans.filter((other) => other === span || other.begin !== span.begin || other.end !== span.end || other.label !== label);
      return span;
    },
    () => `${textOf(span)}: now ${label}`,
  );
}

function accept() {
  const span = current();
  if (!span) return say("There is no span to accept; Enter completes the text without one.");
  span.checked = true;
  const left = spans.findIndex((other, number) => number > chosen && !other.checked);
  const next = left >= 0 ? left : spans.findIndex((other) => !other.checked);
  if (next >= 0) return choose(next);
  draw();
  say("All spans are checked; Enter completes the text.");
}

function drop() {
  const span = current();
  if (!span) return say("There is no span to drop.");
  change(
    () => {
      spans = spans.filter((other) => other !== span);
      return null;
    },
    () => `Dropped ${textOf(span)}`,
  );
  byId("spans").querySelector("[aria-current]")?.focus({ preventScroll: true });
}

// Edges move by words of the part that is shown, and stop at neighbors.
function moveEdge(edge, by) {
  const span = current();
  if (!span) return say("Choose a span first.");
  const words = tokens.filter((token) => token.word);
  const place =
    edge === "begin"
      ? by < 0 ? words.findLast((token) => token.begin < span.begin)?.begin : words.find((token) => token.begin > span.begin)?.begin
      : by > 0 ? words.find((token) => token.end > span.end)?.end : words.findLast((token) => token.end < span.end)?.end;
  if (place === undefined) return say("There is no further word in this part of the text.");
  setEdge(span, edge, place);
}

function setEdge(span, edge, place) {
  const moved = { ...span, [edge]: place };
  if (place === span[edge]) return;
  if (moved.begin >= moved.end) return say("A span has at least one word; x drops it.");
  const other = !state.nested && spans.find((each) => each !== span && overlaps(each, moved));
  if (other) return say(`${textOf(other)} is a span of its own there; drop or move it first.`);
  change(
    () => {
      span[edge] = place;
      span.prob = null;
      span.checked = true;
      return span;
    },
    () => `Now ${textOf(span)}`,
  );
}

// Words are selected from the keyboard: the arrows move, and with Shift they extend.
function selectWords() {
  const words = tokens.filter((token) => token.word);
  if (!words.length) return say("There is no word here.");
  const after = current() ? words.find((token) => token.begin >= current().end) : words[0];
  const from = (after ?? words[0]).index;
  selection = { from, to: from };
  selecting = true;
  draw();
  byId("text").focus({ preventScroll: true });
}

function moveSelection(by, extends_) {
  const words = tokens.filter((token) => token.word).map((token) => token.index);
  const at = words.indexOf(extends_ || by > 0 ? selection.to : selection.from);
  const next = words[at + by];
  if (next === undefined) return;
  if (!extends_) selection = { from: next, to: next };
  else if (next >= selection.from) selection = { ...selection, to: next };
  draw();
}

function cancelSelection() {
  if (!selection) return false;
  selection = null;
  selecting = false;
  draw();
  return true;
}

function takeVote(number) {
  const [, begin, end, label] = state.votes[number];
  if (label !== null && state.labels.includes(label)) return add(begin, end, label);
  const covered = tokens.filter((token) => token.word && token.begin < end && token.end > begin);
  if (!covered.length) return say("It is in another part of the text.");
  selection = { from: covered[0].index, to: covered.at(-1).index };
  draw();
}

function note(row, words) {
  const item = list.querySelector(`[data-row="${row}"]`);
  if (!item) return;
  if (words === null) delete item.dataset.mine;
  else item.dataset.mine = words;
  item.querySelector("[data-decided]").textContent = words === null ? "" : `✓ ${words}`;
}

const update = (found) => (byId("progress").textContent = found.progress);

const complete = () =>
  inTurn(async () => {
    if (!shown()) return;
    const { row } = state;
    const key = draftKey();
    const found = await post("/decide", { row, spans: JSON.parse(plain(spans)) });
    sessionStorage.removeItem(key);
    state.mine = JSON.parse(plain(spans));
    past = [];
    note(row, found.mine);
    update(found);
    draw();
    say(`Text ${row} is complete: ${found.mine}`);
    await step(1);
  });

// A change of this text first; without one, the last text that was completed.
const undo = () =>
  inTurn(async () => {
    if (past.length) {
      spans = past.pop();
      chosen = Math.min(Math.max(chosen, spans.length ? 0 : -1), spans.length - 1);
      selection = null;
      keepDraft();
      draw();
      return say(`Undone; ${counted(spans.length)}`);
    }
    const found = await post("/undo", {});
    note(found.row, null);
    update(found);
    await open(found.row, list.querySelector(`[data-row="${found.row}"]`));
    say(`Text ${found.row}: no longer complete`);
  });

const moves = {
  next: () => inTurn(() => step(1)),
  previous: () => inTurn(() => step(-1)),
  skip: () => inTurn(() => step(1, (item) => !("mine" in item.dataset))),
  help: () => help.showModal(),
  search: () => byId("search").focus(),
  find: () => byId("find")?.focus(),
  nextSpan: () => neighbor(1),
  previousSpan: () => neighbor(-1),
  beginOut: () => moveEdge("begin", -1),
  beginIn: () => moveEdge("begin", 1),
  endOut: () => moveEdge("end", 1),
  endIn: () => moveEdge("end", -1),
  words: selectWords,
  partBefore: () => showPart(state.part.number - 1),
  partAfter: () => showPart(state.part.number + 1),
  accept,
  drop,
  complete,
  undo,
};

const keys = {
  j: "next", ArrowDown: "next", k: "previous", ArrowUp: "previous", n: "nextSpan", ArrowRight: "nextSpan", p: "previousSpan", ArrowLeft: "previousSpan",
  a: "accept", x: "drop", Delete: "drop", Backspace: "drop", "[": "beginOut", "{": "beginIn", "]": "endOut", "}": "endIn", w: "words",
  Enter: "complete", u: "undo", s: "skip", "/": "search", l: "find", "?": "help",
};

// What keeps its keys while words are selected: labels, Escape, the arrows.
const WHILE_SELECTING = new Set(["nextSpan", "previousSpan", "find", "help", "words"]);

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.isComposing || help.open || !state) return;
  // AltGr makes brackets on many keyboards.
  if (event.altKey && !event.getModifierState("AltGraph")) return;
  const on = event.target;
  if (on.matches("input, textarea, select")) {
    if (event.key === "Escape") leave(on);
    return;
  }
  if (event.key === "Escape") {
    if (cancelSelection()) event.preventDefault();
    return;
  }
  if (selecting && event.shiftKey && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    return moveSelection(event.key === "ArrowRight" ? 1 : -1, true);
  }
  if (selection && event.key === "Enter" && !on.closest("button")) {
    event.preventDefault();
    return lastLabel ? giveLabel(lastLabel) : say("Choose a label for the selected words.");
  }
  if (event.key === "Enter" && on.closest("button:not([data-pick]), summary, a:not([aria-current])")) return;
  // In a long text the arrows scroll.
  if (["ArrowUp", "ArrowDown"].includes(event.key) && on.id === "text" && on.scrollHeight > on.clientHeight) return;
  const digit = /^[1-9]$/.test(event.key) && detail.querySelectorAll("[data-label]")[event.key - 1];
  const move = keys[event.key];
  if (digit) {
    event.preventDefault();
    giveLabel(digit.dataset.label);
  } else if (move && !(move === "find" && !byId("find")) && !(selecting && !WHILE_SELECTING.has(move))) {
    event.preventDefault();
    moves[move]();
  }
}

function onClick(event) {
  const control = event.target.closest("[data-do], [data-label], [data-take], button[data-pick], mark[data-pick]");
  if (!control) return;
  if (control.dataset.label !== undefined) giveLabel(control.dataset.label);
  else if (control.dataset.take !== undefined) takeVote(Number(control.dataset.take));
  else if (control.dataset.pick !== undefined) getSelection().isCollapsed && !selection && choose(Number(control.dataset.pick), control.matches("button"));
  else moves[control.dataset.do]();
}

// With a mouse or a finger: an edge is dragged, or words are selected as in any text.
function onPointerDown(event) {
  const handle = event.target.closest("[data-edge]");
  if (!handle || !current()) {
    if (event.target.closest("#text") && selection && !selecting) cancelSelection();
    return;
  }
  event.preventDefault();
  dragged = { edge: handle.dataset.edge, place: null };
}

function onPointerMove(event) {
  if (!dragged) return;
  const node = document.elementFromPoint(event.clientX, event.clientY)?.closest("#text [data-token]");
  if (!node) return;
  const token = tokens[node.dataset.token];
  if (!token.word) return;
  dragged.place = dragged.edge === "begin" ? token.begin : token.end;
  const moved = { ...current(), [dragged.edge]: dragged.place };
  for (const other of byId("text").querySelectorAll("[data-token]")) {
    const { begin, end } = tokens[other.dataset.token];
    other.classList.toggle("voted", begin < moved.end && end > moved.begin);
  }
}

function onPointerUp() {
  if (dragged) {
    const { edge, place } = dragged;
    dragged = null;
    if (place !== null) setEdge(current(), edge, place);
    return draw();
  }
  if (!state || !byId("text")) return;
  const words = selectedTokens(byId("text"), tokens);
  if (!words) return;
  selection = words;
  selecting = false;
  getSelection().removeAllRanges();
  draw();
}

document.addEventListener("keydown", onKey);
detail.addEventListener("click", onClick);
detail.addEventListener("pointerdown", onPointerDown);
document.addEventListener("pointermove", onPointerMove);
document.addEventListener("pointerup", onPointerUp);
for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) {
  detail.addEventListener(type, (event) => event.target.closest?.("#votes") && showVote(event));
}
whenFound(giveLabel);
whenPut(begin);
begin();

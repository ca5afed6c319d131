// The editor of a labeling function: what is typed is voted with at once; saving writes the pack file.

import { formValues, post, say } from "./app.js";

const form = document.getElementById("editor");
const preview = document.getElementById("preview");
const kind = document.getElementById("kind");
const saved = document.getElementById("saved");
const PAUSE = 250;
let waiting;
let running;

function showKind() {
  for (const part of form.querySelectorAll("[data-kinds]")) part.hidden = !part.dataset.kinds.split(" ").includes(kind.value);
}

// A form without anything to look for is not voted with.
function isBlank() {
  const values = formValues(form);
  const fields = { keyword: ["keywords"], regex: ["pattern"], count: ["pattern"], length: ["min", "max"], gazetteer: ["entries"], "regex spans": ["pattern"] }[kind.value];
  return fields.every((name) => !values[name].trim());
}

function tell(words, style) {
  const line = document.createElement("p");
  line.className = style;
  line.textContent = words;
  preview.replaceChildren(line);
  preview.setAttribute("aria-busy", "false");
}

async function look() {
  running?.abort();
  if (isBlank()) {
    return tell("The rows that it votes on are shown here as you type.", "");
  }
  const mine = (running = new AbortController());
  preview.setAttribute("aria-busy", "true");
  try {
    preview.innerHTML = await post(form.dataset.preview, formValues(form), mine.signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    tell(error.message, "error");
  }
  if (mine === running) preview.setAttribute("aria-busy", "false");
}

function soon() {
  saved.textContent = "not saved";
  preview.setAttribute("aria-busy", "true");
  clearTimeout(waiting);
  waiting = setTimeout(look, PAUSE);
}

async function save(event) {
  if (form.querySelector("[aria-disabled]")) return event.preventDefault();
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  button.setAttribute("aria-disabled", "true");
  saved.textContent = "saving …";
  try {
    const found = await post(form.dataset.save, formValues(form));
    if (found.go) return location.assign(found.go);
    saved.textContent = found.words;
    document.getElementById("where").textContent = found.where;
    say("Saved");
    look();
  } catch (error) {
    saved.textContent = "not saved";
    say(error.message, true);
  }
  button.removeAttribute("aria-disabled");
}

if (form) {
  form.addEventListener("input", () => (showKind(), soon()));
  form.addEventListener("submit", save);
  showKind();
  look();
}

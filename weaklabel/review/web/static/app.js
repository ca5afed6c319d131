// What every page uses: requests that may change something, and the status line.

const csrf = document.querySelector("meta[name=csrf]").content;
const statusLine = document.getElementById("status");
let fading;

export function say(words, failed = false) {
  statusLine.textContent = words;
  statusLine.classList.toggle("failed", failed);
  statusLine.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => statusLine.classList.remove("shown"), failed ? 8000 : 2500);
}

async function answerOf(request) {
  let answer;
  try {
    answer = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The app does not respond. Is 'weaklabel review' still running?");
  }
  const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
  const found = isJson ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Error(isJson ? found.error : `The app responded with status ${answer.status}.`);
  return found;
}

export const get = (address, signal) => answerOf(fetch(address, { signal }));

export const post = (address, value, signal) =>
  answerOf(
    fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify(value),
      signal,
    }),
  );

export function formValues(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || (field.type === "radio" && !field.checked)) continue;
    values[field.name] = field.type === "checkbox" ? field.checked : field.value;
  }
  return values;
}

const PAUSE = 500;

// Long work continues in the app; the button says so until it is done, also on a page that is opened meanwhile.
async function waitFor(form) {
  const button = form.querySelector("button");
  const words = button.textContent;
  button.setAttribute("aria-disabled", "true");
  say(button.dataset.busy);
  try {
    for (;;) {
      const state = await get(form.dataset.state);
      if (!state.running) return location.reload();
      button.textContent = state.seconds ? `${button.dataset.busy} ${state.seconds} s` : button.dataset.busy;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  } catch (error) {
    say(error.message, true);
    button.removeAttribute("aria-disabled");
    button.textContent = words;
  }
}

// A form with data-post sends its values as JSON, and goes where the answer says.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.post) return;
  event.preventDefault();
  const button = event.submitter || form.querySelector("button");
  if (button.hasAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  try {
    const found = await post(form.dataset.post, formValues(form));
    if (found.job) await waitFor(form);
    else location.assign(found.go);
  } catch (error) {
    say(error.message, true);
    button.removeAttribute("aria-disabled");
  }
});

for (const form of document.querySelectorAll("[data-running]")) waitFor(form);

// On a phone the tabs are wider than the screen.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

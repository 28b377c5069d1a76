// The playground: puts picture, question, answers and the call's code together.

import { Answer, CallError, call } from "./answer.js";
import { Picture, toJpeg } from "./picture.js";
import { snippet } from "./snippets.js";

const $ = (id) => document.getElementById(id);
const LOADING_MILLIS = 1500;

const picture = new Picture({ figure: $("figure"), image: $("image"), canvas: $("map"), caption: $("where") });
let choices = [];
let needsToken = false;
let running = null;

const token = () => $("token").value.trim();

function say(id, message) {
  $(id).textContent = message;
  $(id).hidden = !message;
}

// --- the models ---

async function connect() {
  try {
    const list = await (await call("/v1/models", token())).json();
    choices = list.data.flatMap(({ id }) => [
      { model: id, lora: true, label: id },
      { model: id, lora: false, label: `${id}, without its adapters` },
    ]);
    const options = (some) => some.map((choice) => new Option(choice.label, choices.indexOf(choice)));
    $("model").replaceChildren(...options([...choices].sort((a, b) => b.lora - a.lora)));
    $("other").replaceChildren(new Option("nothing", ""), ...options([...choices].sort((a, b) => b.lora - a.lora)));
    $("state").textContent = list.data.length === 1 ? "Ready." : `Ready, with ${list.data.length} models.`;
    say("ask-error", "");
    write();
  } catch (failure) {
    if (failure.status === 401) {
      needsToken = true;
      $("token-row").hidden = false;
      $("state").textContent = "This server needs a token.";
      if (token()) {
        say("ask-error", "The server doesn't take this token.");
      }
    } else {
      $("state").textContent = failure.status === 503 ? "The models are being loaded …" : failure.message;
      setTimeout(connect, LOADING_MILLIS);
    }
  }
}

$("token").value = sessionStorage.getItem("ocelli-token") ?? "";
$("token").addEventListener("change", () => {
  sessionStorage.setItem("ocelli-token", token());
  connect();
});

// --- the picture ---

async function choose(file) {
  try {
    await picture.choose(file);
    say("picture-error", "");
    $("drop").classList.remove("empty");
    $("invitation").hidden = true;
    $("where").textContent = "Ask, then point at a word to see where the model looked.";
    $("status").textContent = `Picture ${picture.name} chosen.`;
    picture.pinned = null;
    $("answers").replaceChildren();
    write();
  } catch (failure) {
    say("picture-error", failure.message);
  }
}

$("drop").classList.add("empty");
$("file").addEventListener("change", () => $("file").files[0] && choose($("file").files[0]));
document.addEventListener("paste", (event) => event.clipboardData.files[0] && choose(event.clipboardData.files[0]));
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.remove("over");
  });
}
document.addEventListener("drop", (event) => {
  const file = event.dataTransfer.files[0];
  if (file) {
    choose(file);
  } else {
    say("picture-error", "Drop a file: a picture from another page can be copied and pasted.");
  }
});

// Browsers give a camera only to pages of this machine and over https.
$("camera").hidden = !navigator.mediaDevices?.getUserMedia;
$("camera").addEventListener("click", async () => {
  try {
    $("video").srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    say("picture-error", "");
    $("camera-dialog").showModal();
  } catch {
    say("picture-error", "The camera can't be used: there is none, or this page may not.");
  }
});
$("shoot").addEventListener("click", async () => {
  const video = $("video");
  const file = await toJpeg(video, video.videoWidth, video.videoHeight);
  $("camera-dialog").close();
  await choose(file);
});
$("camera-cancel").addEventListener("click", () => $("camera-dialog").close());
$("camera-dialog").addEventListener("close", () => {
  $("video").srcObject?.getTracks().forEach((track) => track.stop());
  $("video").srcObject = null;
});

// --- asking ---

function settings() {
  const given = {};
  for (const [id, name] of [["max-tokens", "max_tokens"], ["temperature", "temperature"], ["seed", "seed"]]) {
    if ($(id).value !== "") {
      given[name] = Number($(id).value);
    }
  }
  return given;
}

const DEFAULT_QUESTION = $("prompt").placeholder;
const question = () => $("prompt").value.trim() || DEFAULT_QUESTION;

async function ask() {
  if (!picture.data) {
    say("ask-error", "Choose a picture first.");
    $("file").focus();
    return;
  }
  say("ask-error", "");
  running = new AbortController();
  $("go").textContent = "Stop";
  picture.pinned = null;
  picture.show(null);
  const chosen = [$("model").value, $("other").value].filter((value) => value !== "").map((value) => choices[value]);
  const answers = chosen.map((choice, i) => new Answer(choice, picture, i));
  $("answers").replaceChildren(...answers.map((answer) => answer.card));
  const how = { prompt: question(), settings: settings(), token: token(), signal: running.signal };
  await Promise.all(answers.map((answer) => answer.ask(how).catch((failure) => failed(answer, failure))));
  $("status").textContent = answers.map((answer) => `${answer.choice.label} answers: ${answer.text || "nothing"}`).join(". ");
  $("where").textContent ||= "Point at a word to see where the model looked.";
  $("go").textContent = "Ask";
  running = null;
}

function failed(answer, failure) {
  if (failure.name === "AbortError") {
    answer.fail("Stopped.");
    return;
  }
  answer.fail(failure instanceof CallError ? failure.message : "Something went wrong on this page: " + failure.message);
  if (failure.status === 401) {
    needsToken = true;
    $("token-row").hidden = false;
  }
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) {
    running.abort();
  } else {
    ask();
  }
});
$("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (!running) {
      $("ask").requestSubmit();
    }
  }
});

// --- the call's code ---

function write() {
  const choice = choices[$("model").value];
  const fields = { prompt: question() };
  if (choice) {
    fields.adapter = choice.model;
    if (!choice.lora) {
      fields.use_lora = false;
    }
  }
  const language = document.querySelector("input[name=language]:checked").value;
  const made = { origin: location.origin, file: picture.name, token: needsToken, fields: { ...fields, ...settings() } };
  $("code").textContent = snippet(language, made);
}

$("ask").addEventListener("input", write);
$("languages").addEventListener("change", write);
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("code").textContent);
  } catch {
    // No clipboard for this page: what is selected can be copied by hand.
    getSelection().selectAllChildren($("code"));
    $("status").textContent = "The code is selected; copy it with your keyboard.";
    return;
  }
  $("copy").textContent = "Copied";
  $("status").textContent = "Copied.";
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
});

write();
connect();

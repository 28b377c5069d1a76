// One model's answer: streamed as it is written, then its words, each with the map of where the model looked.

import { place } from "./picture.js";

/** What the server says went wrong, or what the network did. */
export class CallError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param token of the server, or "" */
export async function call(path, token, body, signal) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let response;
  try {
    response = await fetch(path, body
      ? { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body), signal }
      : { headers, signal });
  } catch (failure) {
    if (failure.name === "AbortError") {
      throw failure;
    }
    throw new CallError(0, "The server can't be reached.");
  }
  if (!response.ok) {
    const error = await response.json().then((json) => json.error, () => null);
    throw new CallError(response.status, error?.message ?? `The server answered with ${response.status}.`);
  }
  return response;
}

/** The data of server-sent events, one by one. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ")) {
        yield line.slice(6);
      }
    }
  }
}

const element = (name, className, text = "") => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};

/**
 * A card with an answer.
 *
 * @param choice {model, lora, label}
 * @param picture the Picture that maps are shown on
 */
export class Answer {
  text = "";

  constructor(choice, picture, number) {
    this.choice = choice;
    this.picture = picture;
    this.card = element("article", "answer");
    const title = element("h3", "", choice.label);
    title.id = `answer-${number}`;
    this.card.setAttribute("aria-labelledby", title.id);
    this.words = element("div", "words waiting");
    this.facts = element("p", "facts row");
    this.card.append(title, this.words, this.facts);
  }

  /** Asks and shows what comes, then where the model looked. */
  async ask({ prompt, settings, token, signal }) {
    const began = performance.now();
    let first = 0;
    let tokens = 0;
    try {
      const url = { url: "data:image/jpeg;base64," + this.picture.data };
      const content = [{ type: "text", text: prompt }, { type: "image_url", image_url: url }];
      const body = { model: this.choice.model, use_lora: this.choice.lora, stream: true, stream_options: { include_usage: true }, ...settings };
      const response = await call("/v1/chat/completions", token, { ...body, messages: [{ role: "user", content }] }, signal);
      for await (const data of events(response)) {
        if (data === "[DONE]") {
          break;
        }
        const event = JSON.parse(data);
        if (event.error) {
          throw new CallError(500, event.error.message);
        }
        const piece = event.choices[0]?.delta?.content ?? "";
        first = first || (piece ? performance.now() : 0);
        tokens = event.usage?.completion_tokens ?? tokens;
        this.text += piece;
        this.words.append(piece);
      }
    } finally {
      this.words.classList.remove("waiting");
    }
    this.text = this.text.trim();
    this.#tell(began, first, tokens);
    if (this.text) {
      await this.#look(prompt, token, signal);
    } else {
      this.words.replaceChildren(element("em", "thin", "(no words)"));
    }
  }

  fail(message) {
    const error = element("p", "error", message);
    error.setAttribute("role", "alert");
    this.card.append(error);
  }

  #tell(began, first, tokens) {
    const seconds = (performance.now() - (first || began)) / 1000;
    const facts = [`first word after ${Math.round((first || began) - began)} ms`];
    if (tokens > 1 && seconds > 0.001) {
      facts.push(`${tokens} tokens, ${((tokens - 1) / seconds).toFixed(0)} a second`);
    }
    this.facts.append(element("span", "", facts.join(" · ")));
  }

  async #look(prompt, token, signal) {
    const response = await call(
      "/v1/maps", token,
      { model: this.choice.model, use_lora: this.choice.lora, image: this.picture.data, prompt, text: this.text }, signal);
    const { text, words, average, ...frame } = await response.json();
    const parts = [];
    const buttons = [];
    let at = 0;
    for (const word of words) {
      const button = this.#button("word", word.text, { ...frame, map: word.map, label: `“${word.text}”` });
      buttons.push(button);
      // A comma stays on its word's line.
      const whole = element("span", "keep");
      const sign = /^\S*/.exec(text.slice(word.end, words[buttons.length]?.start))[0];
      whole.append(button, sign);
      parts.push(text.slice(at, word.start), whole);
      at = word.end + sign.length;
    }
    this.words.replaceChildren(...parts, text.slice(at));
    this.words.setAttribute("role", "group");
    this.words.setAttribute("aria-label", "Words of the answer. Arrow keys go from one to the next.");
    rove(buttons);
    this.facts.append(this.#button("", "On average", { ...frame, map: average, label: "On average" }));
  }

  /** Shows its map while it is pointed at or has the focus, and for as long as it is pressed. */
  #button(className, text, shown) {
    const button = element("button", className, text);
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `${text}: looked most at the ${place(shown)}`);
    const show = () => {
      document.querySelectorAll(".shown").forEach((other) => other.classList.remove("shown"));
      button.classList.add("shown");
      this.picture.show(shown);
    };
    const leave = () => {
      button.classList.remove("shown");
      this.picture.show(this.picture.pinned?.shown ?? null);
    };
    button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show());
    button.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && document.activeElement !== button && leave());
    button.addEventListener("focus", show);
    button.addEventListener("blur", leave);
    button.addEventListener("click", () => {
      const again = this.picture.pinned?.button === button;
      this.picture.pinned?.button.setAttribute("aria-pressed", "false");
      this.picture.pinned = again ? null : { button, shown };
      button.setAttribute("aria-pressed", String(!again));
      button.classList.toggle("shown", !again);
      this.picture.show(again ? null : shown);
    });
    return button;
  }
}

/** One stop for the Tab key, arrows within. */
function rove(buttons) {
  const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  buttons.forEach((button, i) => {
    button.tabIndex = i === 0 ? 0 : -1;
    button.addEventListener("focus", () => buttons.forEach((other) => (other.tabIndex = other === button ? 0 : -1)));
    button.addEventListener("keydown", (event) => {
      if (event.key in moves) {
        event.preventDefault();
        buttons[Math.min(buttons.length - 1, Math.max(0, i + moves[event.key]))].focus();
      }
    });
  });
}

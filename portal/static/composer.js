/* What a composer does better with script: it keeps a draft by itself, sends with Ctrl+Enter, and puts the undo under the finger. */
"use strict";

const SAVE_EVERY = 10000;

/* The draft, every ten seconds in which something was typed, and once more when the page is left. */
function keepDraft(form, line) {
  const typed = () => JSON.stringify([...new FormData(form)].filter(([name]) => name === "subject" || name === "body"));
  let saved = typed();
  const save = async () => {
    const now = typed();
    if (now === saved || form.dataset.sent) return;
    saved = now;
    try {
      const answer = await fetch(line.dataset.live, { method: "POST", body: new FormData(form), redirect: "error", keepalive: true });
      line.textContent = answer.ok ? (await answer.json()).said : "";
    } catch {
      saved = ""; /* tried again at the next turn */
    }
  };
  setInterval(save, SAVE_EVERY);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
}

/* Ctrl+Enter (or ⌘+Enter) sends, but never the Enter that ends a conversion of kana. */
function sendByKeys(form) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("button[value='send']"));
  });
}

const composer = document.getElementById("composer-form");
if (composer) {
  keepDraft(composer, document.getElementById("draft-said"));
  sendByKeys(composer);
}
const undo = document.querySelector(".banner form[action*='/take-back/'] button");
if (undo) undo.focus();
const mail = document.getElementById("mail");
if (mail) { mail.tabIndex = -1; mail.focus(); }

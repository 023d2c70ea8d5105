/* Kaijo: what the pages do better with script. Every page works without it. */
"use strict";

/* A second press while the first is on its way does nothing; the button itself stays enabled. */
function guardForms() {
  const release = (form) => {
    delete form.dataset.sent;
    const line = form.querySelector("[data-sending]");
    if (line) line.textContent = "";
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const line = form.querySelector("[data-sending]");
    if (line) line.textContent = line.dataset.sending;
    /* A request that the reader stopped, or that answered with a file, leaves the page here: let it be sent again. */
    setTimeout(release, 15000, form);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
}

/* Enter that only accepts a kana conversion must not send the form (some browsers report it as keyCode 229). */
function guardComposition() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
}

function focusErrors() {
  const summary = document.getElementById("error-summary");
  if (!summary) return;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    const block = field.closest(".field");
    (block || field).scrollIntoView();
    field.focus({ preventScroll: true });
  });
}

function copyButtons() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    const words = button.querySelector(".copy__text");
    const before = words.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      words.textContent = button.dataset.copied;
      button.nextElementSibling.textContent = button.dataset.copied;
      setTimeout(() => {
        words.textContent = before;
        button.nextElementSibling.textContent = "";
      }, 5000);
    });
  }
}

function printButtons() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

function showPasswords() {
  for (const button of document.querySelectorAll("[data-show]")) {
    const field = document.getElementById(button.dataset.show);
    const words = [button.textContent, button.dataset.hideWords];
    const show = (visible) => {
      field.type = visible ? "text" : "password";
      button.textContent = words[visible ? 1 : 0];
    };
    button.hidden = false;
    button.addEventListener("click", () => show(field.type === "password"));
    /* A visible password must not be remembered as ordinary text by the browser. */
    if (field.form) field.form.addEventListener("submit", () => show(false));
  }
}

function countLetters() {
  for (const line of document.querySelectorAll("[data-count]")) {
    const field = document.getElementById(line.dataset.count);
    const limit = Number(line.dataset.limit);
    let waiting = 0;
    const tell = () => {
      const used = [...field.value].length;
      const over = used > limit;
      const words = over ? line.dataset.over : line.dataset.words;
      line.textContent = words.replace("{n}", (over ? used - limit : used).toLocaleString("en"));
      line.classList.toggle("hint--over", over);
    };
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(tell, 600);
    });
    if (field.value) tell();
  }
}

/* Staff: before an idle session ends, ask; staying signed in leaves what was typed where it is. */
function warnIdle() {
  const dialog = document.getElementById("idle");
  if (!dialog) return;
  const form = dialog.querySelector("form");
  let timers = [];
  const start = () => {
    timers.forEach(clearTimeout);
    timers = [
      setTimeout(() => dialog.showModal(), Number(dialog.dataset.warnAfter) * 1000),
      setTimeout(() => dialog.classList.add("idle--ended"), Number(dialog.dataset.endAfter) * 1000),
    ];
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "error" })
      .catch(() => ({ ok: false }));
    if (answer.ok) {
      dialog.close();
      start();
    } else {
      dialog.classList.add("idle--ended");
    }
  });
  start();
}

/* A call under way: ask every few seconds how it stands, say so in the page's status line, and stop when it is over. */
function followCall() {
  const box = document.querySelector("[data-live]");
  const words = box && box.querySelector("p");
  const tag = words && words.querySelector(".tag__text");
  if (!tag) return;
  const say = (answer) => {
    if (tag.textContent === answer.label) return;
    tag.textContent = answer.label;
    words.lastChild.textContent = ` ${answer.words}`;
  };
  const ask = async () => {
    const answer = await fetch(box.dataset.live, { headers: { Accept: "application/json" }, redirect: "error" })
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    if (answer && answer.label) say(answer);
    /* The page itself says what comes next; a moment later, so that the line above is read out first. */
    if (answer && answer.done) setTimeout(() => location.reload(), 1500);
    else setTimeout(ask, 3000);
  };
  setTimeout(ask, 3000);
}

guardComposition();
followCall();
focusErrors();
copyButtons();
printButtons();
showPasswords();
countLetters();
warnIdle();
guardForms();

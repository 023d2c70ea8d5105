/* The desk: what the pages of the back office do better with script. Every page works without it. */
"use strict";

/* ---- single-key shortcuts ---------------------------------------------------------------------------------- */

/* Whoever types, converts kana or holds a modifier means something else; and an open dialogue is answered first. */
function meansText(event) {
  if (event.isComposing || event.keyCode === 229) return true;
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return true;
  const at = event.target instanceof Element ? event.target : document.body;
  return Boolean(at.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]"));
}

/* From row to row; the focus itself moves, so that Enter opens and a screen reader says where it is. */
function stepRows(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
  rows[next].focus();
  return true;
}

/* Sends the very form that the page of the case would send. */
function takeRow(row) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = row.dataset.take;
  const token = document.querySelector("input[name=csrf_token]").value;
  const fields = { csrf_token: token, version: row.dataset.version, events: row.dataset.events };
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  document.body.append(form);
  form.requestSubmit();
}

function assignToMe() {
  const row = document.activeElement.closest("tr") && document.activeElement.closest("tr").querySelector("[data-take]");
  if (row) takeRow(row);
  return Boolean(row) || pressFirst("[data-shortcut=a], main form[action$='/claim'] button");
}

/* What a key stands for on this page: a field gets the focus, a link or a button is pressed. */
function pressFirst(selector) {
  const found = document.querySelector(selector);
  if (!found) return false;
  if (found.matches("input, textarea, select")) found.focus();
  else found.click();
  return true;
}

function focusSearch(queue) {
  if (!pressFirst("#q")) location.assign(`${queue}#q`);
  return true;
}

function listKeys() {
  document.getElementById("keys").showModal();
  return true;
}

function singleKeys() {
  const frame = document.querySelector("[data-shortcuts]");
  if (!frame) return;
  const queue = frame.dataset.shortcuts;
  let goes = 0; /* when g was pressed: the next key within a moment says where to */
  const keys = {
    j: () => stepRows(1),
    k: () => stepRows(-1),
    a: assignToMe,
    r: () => pressFirst("[data-shortcut=r]"),
    n: () => pressFirst("[data-shortcut=n]"),
    "/": () => focusSearch(queue),
    "?": listKeys,
    g: () => Boolean(goes = performance.now()),
    q: () => goes > 0 && performance.now() - goes < 1500 && (location.assign(queue), true),
  };
  document.addEventListener("keydown", (event) => {
    if (meansText(event) || !Object.hasOwn(keys, event.key)) return;
    /* a key held down must not take one case after another */
    if (event.repeat && !"jk".includes(event.key)) return;
    if (goes && event.key !== "g" && event.key !== "q") goes = 0;
    if (keys[event.key]()) event.preventDefault();
  });
  const button = document.querySelector("[data-list-keys]");
  button.hidden = false;
  button.addEventListener("click", listKeys);
}

/* ---- the queue --------------------------------------------------------------------------------------------- */

/* Says what is new, and leaves the list as it is: nothing may move under a pointer. */
function followQueue() {
  const line = document.querySelector("[data-news]");
  if (!line) return;
  const say = (words, link) => {
    if (line.dataset.said === `${words}|${link}`) return; /* a status line that is written again is read out again */
    line.dataset.said = `${words}|${link}`;
    line.textContent = words;
    if (!link) return;
    const leads = document.createElement("a");
    Object.assign(leads, { href: line.dataset.again, textContent: link, className: "button button--secondary button--small" });
    line.append(leads);
  };
  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(line.dataset.news, { headers: { Accept: "application/json" }, redirect: "manual" })
      .catch(() => null);
    const found = answer && answer.ok ? await answer.json().catch(() => null) : null;
    if (!found) say(`${line.dataset.failed} `, line.dataset.reload);
    else say("", found.number ? found.words : "");
    /* The session is over: nothing changes any more until somebody signs in again. */
    if (answer && answer.type === "opaqueredirect") stop();
  };
  const timer = setInterval(ask, Number(line.dataset.every) * 1000);
  const stop = () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", ask);
  };
  document.addEventListener("visibilitychange", ask);
}

function pickAll() {
  const button = document.querySelector("[data-pick-all]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll(".pick")];
    const all = boxes.every((box) => box.checked);
    boxes.forEach((box) => { box.checked = !all; });
  });
}

/* ---- reports ----------------------------------------------------------------------------------------------- */

/* Writes out which days are chosen, as soon as they are. */
function sayPeriod() {
  const line = document.querySelector("[data-days]");
  if (!line) return;
  const written = (field) => field.valueAsDate
    && field.valueAsDate.toLocaleDateString(document.documentElement.lang === "en" ? "en-GB" : "ja", { dateStyle: "long", timeZone: "UTC" });
  const dates = ["start", "end"].map((name) => document.getElementById(name));
  const say = () => {
    const chosen = document.querySelector("[data-periods] input[type=radio]:checked");
    const hint = chosen && document.getElementById(chosen.getAttribute("aria-describedby"));
    const days = hint ? hint.textContent : dates.every((field) => field.value) && dates[0].value <= dates[1].value && line.dataset.span.replace("{start}", written(dates[0])).replace("{end}", written(dates[1]));
    line.textContent = days ? line.dataset.days.replace("{days}", days) : "";
  };
  document.querySelector("[data-periods]").addEventListener("change", say);
}

singleKeys();
followQueue();
sayPeriod();
pickAll();

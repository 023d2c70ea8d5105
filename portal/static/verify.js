/* Checks the file of a paper in the browser: its digest is compared here, and the file is not sent. */
"use strict";

const PDF = "%PDF-";
const CARRIED = "paper";
const CODE = /<paper:document>([0-9a-f]{32})<\/paper:document>/;

const read = (bytes) => new TextDecoder("latin1").decode(bytes);
const hex = (bytes) => [...new Uint8Array(bytes)].map((one) => one.toString(16).padStart(2, "0")).join("");

function show(key) {
  for (const each of document.querySelectorAll("[data-outcome]")) each.hidden = each.dataset.outcome !== key;
  const shown = document.querySelector(`[data-outcome="${key}"]`);
  const sent = document.getElementById("outcome");
  if (sent) sent.hidden = true;
  if (shown) shown.focus();
}

/* What the file is, as far as it can be told here. */
async function look(file, box) {
  if (file.size > Number(box.dataset.most)) return "too_large";
  const bytes = await file.arrayBuffer();
  const text = read(bytes);
  if (!text.slice(0, 16).includes(PDF)) return "not_pdf";
  if (!text.slice(-1024).includes("%%EOF")) return "cut";
  const digest = hex(await crypto.subtle.digest("SHA-256", bytes));
  if (box.dataset.digest) return digest === box.dataset.digest ? "genuine" : "differs";
  const code = text.match(CODE);
  if (!code) return "no_code";
  /* The page of the code that the file names compares. The digest goes along in this tab and not in the address: else a
     link made by hand, from somebody with a forged paper, would open with the words that it is genuine. */
  try {
    sessionStorage.setItem(CARRIED, digest);
  } catch {
    /* a browser that keeps nothing: the file is chosen again there */
  }
  location.assign(`${box.dataset.pages}/${code[1]}`);
  return "";
}

/* The digest of the file that led here, once. */
function taken() {
  try {
    const came = sessionStorage.getItem(CARRIED);
    sessionStorage.removeItem(CARRIED);
    return came;
  } catch {
    return null;
  }
}

async function check(box, field) {
  show(await look(field.files[0], box).catch(() => "cut"));
}

function dropped(zone, field, act) {
  for (const name of ["dragover", "dragenter"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("drop--over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("drop--over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("drop--over");
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    act();
  });
}

function start(box) {
  const form = document.getElementById("page-form");
  const field = form.querySelector("input[type=file]");
  box.querySelector("[data-sent]").hidden = true;
  box.querySelector("[data-local]").hidden = false;
  form.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    /* The language choice, and the wish to have the file looked at by us, are sent as they are. */
    if (!field.files.length || (pressed && (pressed.name || "send" in pressed.dataset))) return;
    event.preventDefault();
    check(box, field);
  });
  field.addEventListener("change", () => show(""));
  dropped(box.querySelector("[data-drop]"), field, () => check(box, field));
  const came = taken();
  if (box.dataset.digest && came) show(came === box.dataset.digest ? "genuine" : "differs");
}

/* Where the browser cannot compute (an old one, or no secure connection) the form is sent as it is. */
const box = document.querySelector("[data-check]");
if (box && window.crypto && crypto.subtle && File.prototype.arrayBuffer) start(box);

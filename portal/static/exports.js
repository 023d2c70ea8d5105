/* Kaijo: the list of exports. It shows by itself how far each file is; without script a link reloads the page. */
"use strict";

/* Asked again while something is being prepared. The address ends in /live, so that asking keeps no session awake. */
function followExports() {
  const box = document.querySelector("[data-exports]");
  if (!box) return;
  const part = (id, name) => document.querySelector(`[data-export="${id}"][data-part="${name}"]`);
  const write = (id, name, words) => {
    const place = part(id, name);
    if (place && place.textContent !== words) place.textContent = words;
  };
  const link = (file, title) => {
    const made = document.createElement("a");
    const hidden = document.createElement("span");
    made.href = file.url;
    hidden.className = "visually-hidden";
    hidden.textContent = `: ${title}`;
    made.append(file.words, hidden);
    return made;
  };
  const complete = (one) => {
    const tag = part(one.id, "state").querySelector(".tag");
    tag.className = `tag tag--${one.look}`;
    const icon = document.querySelector(`template[data-look="${one.look}"]`);
    tag.querySelectorAll("svg").forEach((before) => before.remove());
    if (icon) tag.prepend(icon.content.cloneNode(true));
    write(one.id, "rows", one.rows || "–");
    write(one.id, "until", one.until || "–");
    if (one.files.length) {
      part(one.id, "files").replaceChildren(...one.files.flatMap((file) => [link(file, one.title), " "]));
    }
    box.textContent = box.dataset.completed.replace("{file}", one.title).replace("{state}", one.state);
  };
  const waiting = new Set();
  /* What says how many are left, and to look again, is for whoever has no script, or is signed out meanwhile. */
  const reload = document.querySelector("[data-reload]");
  const say = (lines) => {
    for (const one of lines) {
      const place = part(one.id, "state");
      if (!place) continue;
      write(one.id, "said", one.said);
      const words = place.querySelector(".tag__text");
      if (words.textContent !== one.state) words.textContent = one.state;
      if (one.over && waiting.delete(one.id)) complete(one);
      if (!one.over) waiting.add(one.id);
    }
  };
  const ask = async () => {
    const answer = await fetch(box.dataset.exports, { redirect: "manual" }).catch(() => null);
    const over = Boolean(answer) && (answer.type === "opaqueredirect" || answer.status === 403);
    if (answer && answer.ok) say(await answer.json());
    if (reload) reload.hidden = !over;
    if (!over && (waiting.size || !answer)) setTimeout(ask, Number(box.dataset.every) * 1000);
  };
  /* What the page shows as unfinished is waited for, also when it is over before the first answer. */
  for (const place of document.querySelectorAll('[data-part="state"][data-open]')) waiting.add(place.dataset.export);
  if (waiting.size) setTimeout(ask, Number(box.dataset.every) * 1000);
}

followExports();

/* Kaijo: the page of a case and those of its acts. Everything here also works without it. */
"use strict";

/* Who else is here, and whether somebody changed the case: asked again while the page is open, and told in its status line. */
function followCase() {
  const box = document.querySelector("[data-presence]");
  if (!box) return;
  const people = box.querySelector("ul");
  const changed = box.querySelector("p");
  const params = new URLSearchParams({ doing: box.dataset.doing, version: box.dataset.version });
  const say = (answer) => {
    const items = answer.here.map((one) => {
      const item = document.createElement("li");
      item.className = `presence presence--${one.doing}`;
      item.textContent = one.words;
      return item;
    });
    /* What stands there already is not written again: a screen reader would say it again. */
    if (items.map((item) => item.textContent).join() !== [...people.children].map((item) => item.textContent).join()) {
      people.replaceChildren(...items);
      people.hidden = items.length === 0;
    }
    if (changed.textContent !== answer.changed) {
      changed.textContent = answer.changed;
      changed.hidden = !answer.changed;
    }
  };
  let timer = 0;
  let over = false;
  const beat = async () => {
    clearTimeout(timer);
    /* A page in the background is not being read; one with a form may still be waited for. */
    if (!document.hidden || box.dataset.doing === "editing") {
      const answer = await fetch(`${box.dataset.presence}?${params}`, { redirect: "manual" }).catch(() => null);
      over = Boolean(answer) && (answer.type === "opaqueredirect" || answer.status === 403 || answer.status === 404);
      if (answer && answer.ok) say(await answer.json());
    }
    if (!over) timer = setTimeout(beat, Number(box.dataset.every) * 1000);
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !over) beat();
  });
  timer = setTimeout(beat, Number(box.dataset.every) * 1000);
}

/* Links that narrow a list become tabs that do it at once (ARIA APG, tabs with automatic activation). */
function makeTabs() {
  for (const bar of document.querySelectorAll("[data-tabs]")) {
    const panel = document.getElementById(bar.dataset.tabs);
    const tabs = [...bar.querySelectorAll("[data-tab]")];
    const choose = (chosen) => {
      for (const tab of tabs) {
        tab.setAttribute("aria-selected", tab === chosen ? "true" : "false");
        tab.tabIndex = tab === chosen ? 0 : -1;
      }
      panel.setAttribute("aria-labelledby", chosen.id);
      for (const part of panel.querySelectorAll("[data-in]")) {
        part.hidden = !part.dataset.in.split(" ").includes(chosen.dataset.tab);
      }
      history.replaceState(null, "", chosen.href);
    };
    bar.setAttribute("role", "tablist");
    panel.setAttribute("role", "tabpanel");
    panel.tabIndex = 0;
    for (const [place, tab] of tabs.entries()) {
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        choose(tab);
      });
      tab.addEventListener("keydown", (event) => {
        const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (to === undefined && event.key !== " ") return;
        event.preventDefault();
        const next = to === undefined ? tab : tabs[(to + tabs.length) % tabs.length];
        next.focus();
        choose(next);
      });
    }
    const first = tabs.find((tab) => tab.hasAttribute("aria-current")) || tabs[0];
    tabs.forEach((tab) => tab.removeAttribute("aria-current"));
    const address = location.href;
    choose(first);
    history.replaceState(null, "", address);
  }
}

/* After an act: back to the control that led to it, or, where it is gone, to what comes next. */
function returnFocus() {
  if (!location.hash.startsWith("#do-")) return;
  const control = document.getElementById(location.hash.slice(1));
  const target = control ? control.querySelector("button") || control : document.getElementById("next-step");
  if (!target) return;
  if (!control) target.tabIndex = -1;
  target.focus();
}

followCase();
makeTabs();
returnFocus();

// Shows the states of jobs and actors as they change; without it the pages are whole, only still.
"use strict";
const shown = [...document.querySelectorAll("[data-state]")];
const period = 1000;

async function look() {
  const answer = await fetch(document.body.dataset.states);
  if (!answer.ok) return;
  const states = await answer.json();
  for (const element of shown) {
    const state = states[element.dataset.state];
    if (state === undefined || state === element.textContent) continue;
    if ("reload" in element.dataset) return location.reload();
    element.textContent = state;
    element.dataset.changed = "";
  }
}

if (shown.length) {
  setInterval(() => document.hidden || look().catch(() => {}), period);
}

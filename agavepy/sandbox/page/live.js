// Keeps a page as it would be if it were loaded now; without it the pages are whole, only still.
"use strict";
const period = 1000;
const shown = document.querySelector("main[data-live]");
const still = document.getElementById("still");

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href);
      still.hidden = answer.ok;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok) renew(shown, page.querySelector("main"));
    } catch {
      still.hidden = false;
    }
  }
  setTimeout(look, period);
}

// Only what differs is touched, so that what is open, selected or scrolled to stays so.
function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    old.data = fresh.data;
    if (old.parentElement.matches(".state")) old.parentElement.dataset.changed = "";
    return;
  }
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  let next = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const known = node.id ? [...old.children].find((each) => each.id === node.id) : next?.id ? null : next;
    if (known && known === next) next = next.nextSibling;
    else old.insertBefore(known ?? node, next);
    if (known) renew(known, node);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

if (shown) setTimeout(look, period);

// A card whose file is still being prepared says how far it is, and is drawn again once that is over.

import { announce } from "./announce.js";
import { stateOf } from "./tus.js";

/** Ask a few times a minute, less and less often, and only while somebody looks. */
async function follow(line, wait = 2500) {
  await new Promise((resolve) => setTimeout(resolve, wait));
  if (!line.isConnected) return undefined;
  if (document.hidden) return follow(line, wait);
  const state = await stateOf(line.dataset.follow.split("/")[2]);
  if (state === null) return undefined;
  if (state && !["uploading", "waiting"].includes(state.state)) return redraw(line.closest(".post"));
  const place = line.querySelector("[data-progress]");
  if (state && place) place.textContent = state.progress ? `${state.progress}\u202f%` : "";
  return follow(line, Math.min(20000, wait * 1.25));
}

/** The card as the server draws it now, in its place; whoever plays a film or writes on it is left alone. A page without
    cards is loaded again, unless something was chosen on it. */
async function redraw(card) {
  if (!card && !document.querySelector("form input:focus, form input[type=radio]:checked")) return location.reload();
  if (!card || card.contains(document.activeElement) || card.querySelector("video, audio")?.paused === false) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(card.id);
  if (!fresh) return;
  card.replaceWith(document.adoptNode(fresh));
  announce(fresh.querySelector(".post__who")?.innerText ?? "");
  begin(fresh);
}

function begin(root) {
  for (const line of root.querySelectorAll("[data-follow]")) follow(line);
}

begin(document);

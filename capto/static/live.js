// Brings a part of the page up to date while it is looked at; without it, the page has a link that reloads.
(() => {
  "use strict";
  const find = (where) => where.querySelector("[data-live]");
  const part = find(document);
  if (!part) return;
  const renew = async () => {
    if (document.hidden || find(document)?.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, { headers: { "Accept": "text/html" } });
      const found = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(`#${part.id}`);
      if (found) find(document)?.replaceWith(document.adoptNode(found));
    } catch { /* the network is away: what is shown stays, with its time */ }
  };
  setInterval(renew, 1000 * Number(part.dataset.live));
})();

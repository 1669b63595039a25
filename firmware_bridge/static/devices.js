// Renews the part of a loan's page that waits for the first message, until it has come.
(() => {
  "use strict";
  const every = 10000;
  const renew = async () => {
    const part = document.getElementById("appareils");
    if (!part || !part.dataset.renew) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(part.dataset.renew, { credentials: "same-origin" });
        const html = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
        const found = html.getElementById("appareils");
        if (found && !found.dataset.renew) { location.reload(); return; }
      } catch { /* the network is away: the next turn asks again */ }
    }
    setTimeout(renew, every);
  };
  setTimeout(renew, every);
})();

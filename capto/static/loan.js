// Fills the place form from the telephone, when someone standing beside the sensor presses for it.
(() => {
  "use strict";
  const here = document.getElementById("here"), form = document.getElementById("place-form");
  if (!here || !form || !navigator.geolocation) return;
  here.hidden = false;
  here.addEventListener("click", () => navigator.geolocation.getCurrentPosition((found) => {
    form.elements.latitude.value = found.coords.latitude.toFixed(5);
    form.elements.longitude.value = found.coords.longitude.toFixed(5);
  }, () => { here.hidden = true; }, { enableHighAccuracy: true, timeout: 15000 }));
})();

// Waits for the first reading and says when it has come, without loading the page again.
(() => {
  "use strict";
  const line = document.getElementById("state");
  if (!line || !line.dataset.ask) return;
  const ask = async () => {
    try {
      const answer = await fetch(line.dataset.ask, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const told = await answer.json();
        if (line.textContent !== told.sentence) line.textContent = told.sentence;
        if (told.heard) return;
      }
    } catch { /* no network: the next turn asks again */ }
    window.setTimeout(ask, 15000);
  };
  window.setTimeout(ask, 5000);
})();

// « Near me », on press only: the browser asks, and what leaves it is rounded to a hundredth of a degree (about 1 km).
(() => {
  "use strict";
  if (!navigator.geolocation || !window.isSecureContext) return;
  document.querySelectorAll(".near-me").forEach((button) => {
    button.closest("p").hidden = false;
    button.addEventListener("click", () => {
      button.disabled = true;
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => send(button.form, coords),
        () => {
          button.disabled = false;
          button.closest("p").nextElementSibling.textContent = button.dataset.refused;
        },
        { enableHighAccuracy: false, timeout: 15000, maximumAge: 600000 },
      );
    });
  });

  function send(form, coords) {
    form.elements.adresse.value = "";
    for (const name of ["latitude", "longitude"]) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value: coords[name].toFixed(2) });
      form.append(field);
    }
    form.submit();
  }
})();

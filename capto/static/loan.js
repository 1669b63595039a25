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

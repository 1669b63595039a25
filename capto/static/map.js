// Makes the drawn map move: Leaflet over the same points. Without this file, or without Leaflet, the drawing stays.
(function () {
  "use strict";
  if (!window.L) return;

  const NAMED_ZOOM = 11; // from here on, figures stand in the marks
  const CELL_ZOOM = 14; // from here on, the published cell is drawn at its size
  const IGN = "data.geopf.fr";

  document.querySelectorAll(".map").forEach(function (frame) {
    fetch(frame.dataset.points)
      .then((answer) => answer.json())
      .then((found) => {
        if (found.points.length) draw(frame, found.points);
      })
      .catch(() => {}); // the drawing says the same
  });

  function draw(frame, points) {
    const box = document.createElement("div");
    box.className = "map-box";
    frame.replaceChildren(box);
    const map = L.map(box, { scrollWheelZoom: false, maxZoom: 16, zoomSnap: 0.25 });
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", frame.dataset.label);
    map.attributionControl.setPrefix("");
    L.control.scale({ imperial: false }).addTo(map);
    map.fitBounds(L.latLngBounds(points.map((point) => point.at)).pad(0.06), { maxZoom: 14 });
    ground(map, frame, points);
    const stations = points.filter((point) => point.kind === "reference");
    const middle = stations.reduce((sum, point) => sum + point.at[0], 0) / (stations.length || 1);
    stations.forEach((point) => (point.above = point.at[0] >= middle)); // names stand on the outer side
    const marks = L.layerGroup().addTo(map);
    const redraw = () => {
      marks.clearLayers();
      const named = map.getZoom() >= NAMED_ZOOM || points.length <= 80;
      points.forEach((point) => mark(point, named, map.getZoom()).forEach((layer) => marks.addLayer(layer)));
    };
    map.on("zoomend", redraw);
    redraw();
    if (frame.dataset.around) map.on("click", (event) => ask(frame, event.latlng));
  }

  // What is nearest to a click: sent in the body of a form, so that the point stands in no address.
  function ask(frame, at) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = frame.dataset.around;
    const said = { latitude: at.lat.toFixed(5), longitude: at.lng.toFixed(5), grandeur: frame.dataset.quantity };
    Object.entries(said).forEach(([name, value]) => {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: name, value: value });
      form.append(field);
    });
    document.body.append(form);
    form.submit();
  }

  function ground(map, frame, points) {
    if (frame.dataset.tiles) {
      const credit = frame.dataset.tiles.includes(IGN) ? "© IGN – Géoplateforme" : "© OpenStreetMap";
      L.tileLayer(frame.dataset.tiles, { maxZoom: 19, attribution: credit, className: "tiles" }).addTo(map);
      return;
    }
    fetch(frame.dataset.outline)
      .then((answer) => answer.json())
      .then((shape) => L.geoJSON(shape, { className: "outline", interactive: false }).addTo(map).bringToBack())
      .catch(() => {});
    const communes = {};
    points.forEach((point) => {
      if (point.commune) (communes[point.commune] = communes[point.commune] || []).push(point.at);
    });
    Object.entries(communes).forEach(([name, places]) => {
      const middle = places.reduce((sum, at) => sum + at[1], 0) / places.length;
      const top = Math.max(...places.map((at) => at[0]));
      L.marker([top, middle], {
        icon: L.divIcon({ className: "commune", html: text(name), iconSize: [160, 20], iconAnchor: [80, 44] }),
        interactive: false,
        keyboard: false,
      }).addTo(map);
    });
  }

  function mark(point, named, zoom) {
    const layers = [];
    if (point.metres && zoom >= CELL_ZOOM) {
      layers.push(L.circle(point.at, { radius: point.metres / 2, className: "cell", interactive: false }));
    }
    const size = point.kind === "reference" ? [40, 28] : [32, 32];
    const icon = L.divIcon({
      className: "mark " + point.kind + (point.figure ? "" : " empty") + (named ? "" : " small"),
      html: named ? text(point.figure || "–") : "",
      iconSize: named ? size : [12, 12],
    });
    const marker = L.marker(point.at, { icon: icon, keyboard: false, title: point.name, zIndexOffset: point.kind === "reference" ? 1000 : 0 });
    marker.bindPopup(() => popup(point));
    if (point.kind === "reference" && named) {
      const side = point.above ? { direction: "top", offset: [0, -12] } : { direction: "bottom", offset: [0, 12] };
      marker.bindTooltip(point.name, { ...side, permanent: true, className: "mark-name" });
    }
    layers.push(marker);
    return layers;
  }

  function popup(point) {
    const words = document.createElement("div");
    const link = document.createElement("a");
    link.href = point.url;
    link.textContent = point.name;
    words.append(link);
    if (point.said) {
      const said = document.createElement("p");
      said.textContent = point.said;
      words.append(said);
    }
    return words;
  }

  function text(words) {
    const holder = document.createElement("span");
    holder.textContent = words;
    return holder.innerHTML;
  }
})();

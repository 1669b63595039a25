// Enlarges a chart when its button is pressed: uPlot over the same files that the page links to, which are fetched
// then and not before. Without this file the drawing, its table and its files stay.
(() => {
  "use strict";
  const tools = document.getElementById("zoom-tools");
  if (!tools) return;
  const { script, style, failing } = tools.dataset;
  const PARIS = "Europe/Paris";
  const LANGUAGE = document.documentElement.lang;
  const COLOURS = { lent: "--accent", reference: "--reference", second: "--second", third: "--third" };
  const DASHES = { second: [2, 5], third: [10, 4, 2, 4] };
  const AXES = ["interval_start", "day", "hour_of_day"]; // the column that runs from left to right
  const numbers = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });

  document.querySelectorAll(".zoom-open").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => open(button));
  });

  async function open(button) {
    const figure = button.closest("figure");
    button.disabled = true;
    try {
      const links = [...figure.querySelectorAll("a[data-line]")];
      const [files] = await Promise.all([Promise.all(links.map(read)), library()]);
      show(figure, button, files);
    } catch {
      const said = document.createElement("p");
      said.setAttribute("role", "alert");
      said.textContent = tools.dataset.failed;
      button.parentNode.after(said);
    }
    button.disabled = false;
  }

  let loading; // uPlot comes once, with the first chart that is enlarged
  function library() {
    loading ??= Promise.all(
      [["script", "src", script], ["link", "href", style]].map(([name, where, address]) => new Promise((done, fail) => {
        const element = document.createElement(name);
        if (name === "link") element.rel = "stylesheet";
        element.onload = done;
        element.onerror = fail;
        element[where] = address;
        document.head.append(element);
      })),
    );
    return loading;
  }

  async function read(link) {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.status);
    const [head, ...rows] = cells(await answer.text());
    const axis = AXES.find((name) => head.includes(name));
    const bad = failing.split(" ");
    const points = rows.map((row) => {
      const cell = (name) => row[head.indexOf(name)] ?? "";
      const figure = (name) => (cell(name) === "" ? null : Number(cell(name)));
      const failed = cell("flags").split(" ").some((flag) => bad.includes(flag));
      return {
        at: place(axis, cell(axis)),
        value: failed ? null : figure("value"),
        spread: figure("expanded_uncertainty"),
        provisional: cell("provisional") === "true",
      };
    });
    return { axis, points, line: link.dataset.line, name: link.dataset.name };
  }

  // CSV as RFC 4180 has it: quoted cells may hold commas, quotes and line ends.
  function cells(text) {
    const rows = [[]];
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
      if (end === "" && quoted === undefined && plain === "" && rows.at(-1).length === 0) break;
      rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
      if (end === "\n") rows.push([]);
    }
    return rows.filter((row) => row.length);
  }

  function place(axis, cell) {
    if (axis === "hour_of_day") return Number(cell);
    return Date.parse(axis === "day" ? `${cell}T12:00:00Z` : cell) / 1000;
  }

  function words(axis, at) {
    if (axis === "hour_of_day") return new Intl.NumberFormat(LANGUAGE, { style: "unit", unit: "hour" }).format(Math.round(at));
    const parts = { timeZone: PARIS, weekday: "short", day: "numeric", month: "short" };
    if (axis === "interval_start") parts.hour = "numeric";
    return new Date(at * 1000).toLocaleString(LANGUAGE, parts);
  }

  function show(figure, button, files) {
    const axis = files[0].axis;
    const step = { interval_start: 3600, day: 86400, hour_of_day: 1 }[axis];
    const known = files.flatMap((file) => file.points.map((point) => point.at));
    const first = Math.min(...known), last = Math.max(...known);
    const xs = []; // every step, so that a gap stays a gap
    const all = new Set(known);
    for (let at = first; at <= last; at += step) all.add(at);
    xs.push(...[...all].sort((a, b) => a - b));
    const box = tools.content.firstElementChild.cloneNode(true);
    const plot = box.querySelector(".zoom-plot");
    const drawings = [...figure.querySelectorAll("svg.chart")];
    const shut = () => {
      u.destroy();
      box.remove();
      window.removeEventListener("resize", fit);
      drawings.forEach((one) => one.removeAttribute("hidden"));
      figure.classList.remove("enlarged");
      button.hidden = false;
      button.focus();
    };
    box.querySelector(".zoom-unit").textContent = button.dataset.unit;
    drawings[0].before(box);
    figure.classList.add("enlarged");
    button.hidden = true;
    const columns = [], series = [{}], bands = [];
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    for (const file of files) {
      const at = new Map(file.points.map((point) => [point.at, point]));
      const take = (of) => xs.map((x) => (at.has(x) && at.get(x).value !== null ? of(at.get(x)) : null));
      const hasSpread = file.line === "lent" && file.points.some((point) => point.spread !== null);
      if (hasSpread) {
        columns.push(take((p) => p.value + (p.spread ?? 0)), take((p) => Math.max(p.value - (p.spread ?? 0), 0)));
        const quiet = { stroke: "transparent", width: 0, points: { show: false } };
        series.push(quiet, quiet);
        bands.push({ series: [series.length - 2, series.length - 1], fill: colour("--band") });
      }
      columns.push(take((p) => p.value));
      file.column = columns.length;
      series.push({ label: file.name, stroke: colour(COLOURS[file.line]), width: 2, dash: file.points.every((point) => point.provisional) ? [6, 5] : DASHES[file.line] });
    }
    const size = () => ({ width: plot.clientWidth, height: Math.min(480, Math.max(280, window.innerHeight * 0.6)) });
    const ink = { stroke: colour("--soft"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule"), width: 1 } };
    const short = axis === "hour_of_day"
      ? (u, splits) => splits.map((at) => words(axis, at))
      : (u, splits) => splits.map((at) => {
          const clock = new Date(at * 1000).toLocaleTimeString(LANGUAGE, { timeZone: PARIS, hour: "2-digit", minute: "2-digit" });
          const day = new Date(at * 1000).toLocaleDateString(LANGUAGE, { timeZone: PARIS, day: "numeric", month: "short" });
          return axis === "day" || clock === "00:00" ? day : clock;
        });
    const u = new uPlot({
      ...size(),
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), PARIS),
      scales: { x: { time: axis !== "hour_of_day" }, y: { range: (u, low, high) => [Math.min(low ?? 0, 0), (high ?? 1) * 1.05 || 1] } },
      axes: [{ ...ink, values: short, space: 70, ...(axis === "hour_of_day" ? { incrs: [1, 2, 3, 6] } : {}) }, { ...ink, values: (u, splits) => splits.map((at) => numbers.format(at)) }],
      series, bands,
      legend: { show: false },
      cursor: { drag: { x: true, y: false } },
      hooks: { setCursor: [() => tell()], setScale: [(u, key) => key === "x" && tell()] },
    }, [xs, ...columns], plot);
    drawings.forEach((one) => one.setAttribute("hidden", ""));
    const said = box.querySelector(".zoom-said");
    let pointed = null;

    function tell() {
      if (typeof u === "undefined") return;
      const { min, max } = u.scales.x;
      const at = u.cursor.idx;
      const lines = [`${words(axis, Math.max(min, first))} – ${words(axis, Math.min(max, last))}`];
      if (at !== null && at !== undefined) {
        const values = files
          .filter((file) => u.data[file.column][at] !== null)
          .map((file) => {
            const spread = file.line === "lent" ? file.points.find((point) => point.at === xs[at])?.spread : null;
            const interval = typeof spread === "number" ? ` ± ${numbers.format(spread)}` : "";
            return `${file.name} ${numbers.format(u.data[file.column][at])}${interval}\u00a0${button.dataset.unit}`;
          });
        lines.push(`${words(axis, xs[at])}\u00a0: ${values.join(", ") || tools.dataset.gap}`);
      }
      said.textContent = lines.join(" · ");
    }
    function view(min, max) {
      const least = 3 * step;
      if (max - min < least) [min, max] = [(min + max - least) / 2, (min + max + least) / 2];
      if (max - min >= last - first) [min, max] = [first, last];
      if (min < first) [min, max] = [first, first + max - min];
      if (max > last) [min, max] = [last - (max - min), last];
      u.setScale("x", { min, max });
    }
    function point(index) {
      pointed = Math.min(Math.max(index, 0), xs.length - 1);
      const { min, max } = u.scales.x;
      if (xs[pointed] < min || xs[pointed] > max) view(xs[pointed] - (max - min) / 2, xs[pointed] + (max - min) / 2);
      u.setCursor({ left: Math.min(u.valToPos(xs[pointed], "x"), u.over.clientWidth - 1), top: u.over.clientHeight / 2 });
    }
    const acts = {
      in: () => zoom(0.5),
      out: () => zoom(2),
      earlier: () => pan(-0.5),
      later: () => pan(0.5),
      all: () => view(first, last),
      close: shut,
    };
    function zoom(by) {
      const { min, max } = u.scales.x;
      const middle = pointed !== null && xs[pointed] >= min && xs[pointed] <= max ? xs[pointed] : (min + max) / 2;
      view(middle - ((max - min) * by) / 2, middle + ((max - min) * by) / 2);
    }
    function pan(by) {
      const { min, max } = u.scales.x;
      view(min + (max - min) * by, max + (max - min) * by);
    }
    box.querySelectorAll("[data-act]").forEach((one) => one.addEventListener("click", () => acts[one.dataset.act]()));
    const keys = { "+": acts.in, "=": acts.in, "-": acts.out, "0": acts.all, Home: acts.all, Escape: acts.close,
      ArrowLeft: () => point((pointed ?? xs.length) - 1), ArrowRight: () => point((pointed ?? -1) + 1),
      PageUp: acts.earlier, PageDown: acts.later };
    plot.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    const fit = () => u.setSize(size());
    window.addEventListener("resize", fit);
    tell();
    plot.focus();
  }
})();

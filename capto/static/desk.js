// The desk: every keystroke of a scanner is caught wherever the focus is, every gesture is kept until the server has
// answered, and each carries its own key, so that sending it twice does it once. Without this script the form works.
(() => {
  "use strict";
  const SCAN_GAP_MS = 100;   // a scanner types faster than this between two signs, a person does not
  const SCAN_LEAST = 5;      // signs of the shortest code
  const RETRY_MS = 2000;
  const IDLE_MS = 120000;    // after two minutes nobody is at the desk any more
  const CARD = /^P[-)]?[\d&é"'(\-è_çà]{5}/i;
  const THING = /^[KAX][-)]?[\d&é"'(\-è_çà]{5}/i;  // a kit, a part or an order: nobody's name
  const DONE = /^X[-)]?(00003|àààà")/i;
  const STORE = "capto-desk-queue";
  const ASIDE = "capto-desk-aside";

  const desk = document.getElementById("desk");
  if (!desk) return;
  const at = (id) => document.getElementById(id);
  const form = at("desk-form"), box = at("desk-code"), reason = at("desk-reason"), reasonBox = at("desk-reason-box");
  const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const text = (name) => desk.dataset["text" + name];

  const play = { person: null, group: null, loan: null, refused: "", parts: [], asks: false };
  let idle = 0;

  // What waits for the server, in the order of doing; it outlives the page.
  const read = (name) => { try { return JSON.parse(localStorage.getItem(name)) || []; } catch { return []; } };
  const write = (name, list) => localStorage.setItem(name, JSON.stringify(list));
  let sending = false, retry = 0;

  const newKey = () => crypto.randomUUID ? crypto.randomUUID() :
    "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
      (+c ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> +c / 4).toString(16));

  function gesture(action, fields) {
    const queue = read(STORE);
    queue.push({ key: newKey(), at: new Date().toISOString(), point: desk.dataset.point, action,
      person: play.person ? play.person.mark : "", group: play.group, ...fields });
    write(STORE, queue);
    // Without waiting for the server: a card begins a person, the order "done" ends one. French keyboards included.
    const code = fields.code || "";
    if (action !== "collector" && CARD.test(code)) serve({ mark: code, name: code, groups: [] });
    if (DONE.test(code)) serve(null);
    send();
  }

  async function send() {
    if (sending) return;
    sending = true;
    clearTimeout(retry);
    try {
      for (let queue = read(STORE); queue.length; queue = read(STORE)) {
        let reply;
        try {
          reply = await fetch(desk.dataset.act, { method: "POST", redirect: "manual", credentials: "same-origin",
            headers: { "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify(queue[0]) });
        } catch {
          offline(text("Offline"), queue.length);
          retry = setTimeout(send, RETRY_MS);
          return;
        }
        if (reply.type === "opaqueredirect" || reply.status === 403) {
          offline(text("SignedOut"), queue.length, desk.dataset.signIn);
          return;
        }
        if (reply.status >= 500 || reply.status === 429) {
          offline(text("Offline"), queue.length);
          retry = setTimeout(send, RETRY_MS);
          return;
        }
        const answer = reply.ok ? await reply.json() :
          { outcome: "failed", tone: "bad", line: text("Failed"), details: [queue[0].code || queue[0].action] };
        // Only now does the gesture leave the store; another window may have taken it meanwhile.
        const first = queue[0];
        write(STORE, read(STORE).filter((kept) => kept.key !== first.key));
        show(answer, first);
      }
      online();
    } finally {
      sending = false;
    }
  }

  function offline(words, count, link) {
    const line = at("desk-network");
    line.textContent = `${words} (${count})`;
    if (link) {
      const go = document.createElement("a");
      go.href = link;
      go.textContent = " →";
      line.append(go);
    }
    if (line.hidden) tone("warn");
    line.hidden = false;
    line.dataset.waiting = count;
    say({ tone: "warn", line: `${text("Kept")} (${count})`, details: [words] });
  }

  function online() {
    const line = at("desk-network");
    if (!line.hidden) {
      line.hidden = true;
      delete line.dataset.waiting;
      line.textContent = text("Back");
    }
  }

  // What the page says, in letters and in a sound: one of each per kind of outcome.
  function say(answer) {
    const line = at("desk-line");
    line.textContent = answer.line;
    line.className = "answer " + (answer.tone || "");
    at("desk-rule").textContent = answer.rule || "";
    at("desk-details").replaceChildren(...(answer.details || []).map((words) => item(words)));
  }

  function item(words) {
    const li = document.createElement("li");
    li.textContent = words;
    return li;
  }

  let sound = null;
  function tone(kind) {
    const notes = { good: [[880, 0.09]], neutral: [[660, 0.06]], warn: [[440, 0.12], [440, 0.12]], bad: [[220, 0.22], [180, 0.3]] };
    try {
      sound = sound || new AudioContext();
      let start = sound.currentTime;
      for (const [pitch, length] of notes[kind] || notes.neutral) {
        const voice = sound.createOscillator(), volume = sound.createGain();
        voice.frequency.value = pitch;
        volume.gain.setValueAtTime(0.12, start);
        volume.gain.exponentialRampToValueAtTime(0.001, start + length);
        voice.connect(volume).connect(sound.destination);
        voice.start(start);
        voice.stop(start + length);
        start += length + 0.04;
      }
    } catch { /* a desk without sound still reads */ }
  }

  function show(answer, asked) {
    say(answer);
    tone(answer.tone);
    if (!read(STORE).length) follow(answer, asked);  // what comes after it in the queue knows better who is here now
    const late = Date.now() - Date.parse(asked.at) > 15000;
    if (answer.outcome === "unknown" || answer.outcome === "failed" || (late && answer.outcome === "refused")) putAside(answer, asked);
    desk.dataset.answered = asked.key;
  }

  function follow(answer, asked) {
    play.refused = answer.can_override ? (asked.code || "") : "";
    if (answer.person && answer.outcome !== "returned") serve(answer.person);
    if (answer.outcome === "done") serve(null);
    if (answer.outcome === "lent" || answer.outcome === "returned") checklist(answer.loan, answer.parts || []);
    if (["parts", "done", "undone", "person"].includes(answer.outcome)) checklist(null, []);
    if (answer.outcome === "part") tick(answer.part);
    choices(answer.people || []);
  }

  function serve(person) {
    const changed = !person || !play.person || play.person.mark !== person.mark;
    play.person = person;
    if (changed) play.group = null;
    at("desk-person").textContent = person ? person.name : text("Person");
    at("desk-person-mark").value = person ? person.mark : "";
    at("desk-groups").replaceChildren(...(person ? person.groups || [] : []).map((group) => {
      const li = document.createElement("li"), label = document.createElement("label"), tickbox = document.createElement("input");
      tickbox.type = "checkbox";
      tickbox.checked = play.group === group.id;
      tickbox.addEventListener("change", () => {
        play.group = tickbox.checked ? group.id : null;
        box.focus();
      });
      label.append(tickbox, " ", group.name);
      li.append(label);
      return li;
    }));
    wake();
  }

  function wake() {
    clearTimeout(idle);
    idle = setTimeout(() => { if (play.person && !read(STORE).length) gesture("done", {}); }, IDLE_MS);
  }

  // The checklist: all there unless said otherwise.
  function checklist(loan, parts) {
    play.loan = loan;
    play.parts = parts.map((part) => ({ ...part, present: part.expected }));
    at("desk-loan").value = loan || "";
    at("desk-parts-box").hidden = !parts.length;
    at("desk-parts").replaceChildren(...play.parts.map((part) => {
      const li = document.createElement("li"), label = document.createElement("label"), tickbox = document.createElement("input");
      tickbox.type = "checkbox";
      tickbox.checked = true;
      tickbox.dataset.part = part.id;
      tickbox.addEventListener("change", () => {
        part.present = tickbox.checked ? part.expected : Math.max(0, part.expected - 1);
        label.classList.toggle("missing", !tickbox.checked);
      });
      label.append(tickbox, ` ${part.name}` + (part.quantity > 1 ? ` × ${part.expected}` : ""));
      li.append(label);
      return li;
    }));
  }

  function tick(part) {
    const tickbox = at("desk-parts").querySelector(`[data-part="${part}"]`);
    if (tickbox && !tickbox.checked) tickbox.click();
  }

  const present = () => Object.fromEntries(play.parts.map((part) => [part.id, part.present]));

  function choices(people) {
    at("desk-choices").replaceChildren(...people.map((person) => {
      const li = document.createElement("li"), button = document.createElement("button"), note = document.createElement("span");
      button.type = "button";
      button.className = "button quiet";
      note.className = "soft";
      note.textContent = " " + person.note;
      button.append(person.name, note);
      button.addEventListener("click", () => { gesture("scan", { code: person.id, person: "" }); box.focus(); });
      li.append(button);
      return li;
    }));
    const first = at("desk-choices").querySelector("button");
    if (first) first.focus();
  }

  function putAside(answer, asked) {
    const kept = read(ASIDE);
    kept.push({ line: answer.line, at: asked.at });
    write(ASIDE, kept.slice(-20));
    listAside();
  }

  function listAside() {
    const kept = read(ASIDE);
    at("desk-unexpected-box").hidden = !kept.length;
    at("desk-unexpected").replaceChildren(...kept.map((one) => {
      const li = item(`${new Date(one.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" })} ${one.line} `);
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "button quiet";
      drop.textContent = "✓";
      drop.addEventListener("click", () => { write(ASIDE, read(ASIDE).filter((other) => other.at !== one.at)); listAside(); box.focus(); });
      li.append(drop);
      return li;
    }));
  }

  // Keys.
  function take(code) {
    wake();
    box.value = "";
    if (!reasonBox.hidden) closeReason();
    if (document.activeElement !== box) box.focus();
    const asked = play.asks && !THING.test(code);
    play.asks = false;
    if (asked) return gesture("collector", { code: code.trim() });
    if (code.trim()) gesture("scan", { code: code.trim() });
    else if (play.loan) gesture("parts", { loan: play.loan, present: present() });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const action = event.submitter ? event.submitter.value : "scan";
    if (reasonBox.hidden === false && reason.value.trim() && play.refused) return force();
    if (action === "scan") take(box.value);
    else if (action === "collector") askCollector();
    else order(action);
  });

  function order(action) {
    wake();
    box.value = "";
    gesture(action, action === "parts" ? { loan: play.loan, present: present() } : {});
    box.focus();
  }

  // Who came for a group's kits is asked when someone says so: the next card or name is theirs.
  function askCollector() {
    wake();
    play.asks = true;
    box.value = "";
    Object.assign(at("desk-line"), { textContent: text("Collector"), className: "answer neutral" });
    box.focus();
  }

  function openReason() {
    if (!play.refused) return;
    reasonBox.hidden = false;
    reason.focus();
  }

  function closeReason() {
    reasonBox.hidden = true;
    reason.value = "";
  }

  function force() {
    const code = play.refused, why = reason.value.trim();
    closeReason();
    box.focus();
    gesture("scan", { code, reason: why });
  }

  const override = at("desk-override");
  if (override) override.addEventListener("click", openReason);

  let run = "", last = 0, before = null;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "z" && !box.value && document.activeElement === box) { event.preventDefault(); return order("undo"); }
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const orders = { F2: "parts", F4: "charter", F9: "undo" };
    if (orders[event.key]) { event.preventDefault(); return order(orders[event.key]); }
    if (event.key === "F6") { event.preventDefault(); return askCollector(); }
    if (event.key === "F8") { event.preventDefault(); return openReason(); }
    if (event.key === "Escape") {
      event.preventDefault();
      if (!reasonBox.hidden) { closeReason(); box.focus(); return; }
      play.asks = false;
      choices([]);
      checklist(null, []);
      serve(null);
      return order("done");
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return move(event);
    const now = event.timeStamp;
    const elsewhere = document.activeElement !== box;
    if (event.key === "Enter") {
      if (elsewhere && run.length >= SCAN_LEAST && now - last < SCAN_GAP_MS) {
        event.preventDefault();
        event.stopPropagation();
        if (before && "value" in before.field) before.field.value = before.value;
        const code = run;
        run = "";
        take(code);
      }
      run = "";
      return;
    }
    if (event.key.length !== 1) return;
    if (now - last > SCAN_GAP_MS) {
      run = "";
      before = { field: document.activeElement, value: document.activeElement.value };
    }
    run += event.key;
    last = now;
    // A space that belongs to a scan must not press the button that has the focus.
    if (elsewhere && event.key === " " && run.length > 1) event.preventDefault();
  }, true);

  function move(event) {
    const stops = [...desk.querySelectorAll("#desk-choices button, #desk-groups input, #desk-parts input")];
    if (!stops.length) return;
    event.preventDefault();
    const here = stops.indexOf(document.activeElement);
    const next = event.key === "ArrowDown" ? here + 1 : here - 1;
    if (next < 0 || next >= stops.length) box.focus();
    else stops[next].focus();
  }

  at("desk-parts").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && run.length < SCAN_LEAST) { event.preventDefault(); order("parts"); }
  });

  // The camera reads codes where the browser can; a telephone at a fair needs no scanner.
  const camera = at("desk-camera"), video = at("desk-video");
  if ("BarcodeDetector" in window && navigator.mediaDevices) {
    camera.hidden = false;
    let stream = null, seen = "", seenAt = 0;
    camera.addEventListener("click", async () => {
      if (stream) { stream.getTracks().forEach((track) => track.stop()); stream = null; video.hidden = true; return; }
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch { return; }
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      const reader = new BarcodeDetector({ formats: ["qr_code"] });
      const look = async () => {
        if (!stream) return;
        const found = await reader.detect(video).catch(() => []);
        const code = found.length ? found[0].rawValue : "";
        if (code && (code !== seen || Date.now() - seenAt > 4000)) { seen = code; seenAt = Date.now(); take(code); }
        setTimeout(look, 250);
      };
      look();
    });
  }

  window.addEventListener("online", send);
  window.addEventListener("focus", () => { if (document.activeElement === document.body) box.focus(); });
  if (at("desk-person-mark").value) play.person = { mark: at("desk-person-mark").value, name: at("desk-person").textContent, groups: [] };
  listAside();
  desk.dataset.ready = "yes";
  send();
})();

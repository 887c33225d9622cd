// The pages of the laundry, live: the server draws them, this draws them again when something changed, counts down, and sends what
// is done by way of a queue of this browser, each step with a key of its own: with the line, without it, once.
(() => {
  const root = document.documentElement, app = root.dataset.app, ask = `${app}/-/api/api/v1`, part = { "HX-Request": "true" };
  const all = (where, what) => [...where.querySelectorAll(what)];
  const wash = () => document.getElementById("wash"), said = JSON.parse(wash().dataset.words), me = wash().dataset.me, isIn = me !== "0";
  const make = (tag, given = {}, ...inside) => { const made = Object.assign(document.createElement(tag), given); made.append(...inside); return made; };
  const uuid = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map(each => each.toString(16).padStart(2, "0")).join("");

  // Counting down, by the server's clock.
  let ahead = 0;
  const clock = () => Date.now() + ahead;
  const tick = () => {
    for (const each of all(document, "[data-ends]")) {
      const seconds = Math.max(0, Math.ceil((Date.parse(each.dataset.ends) - clock()) / 1000)), hours = Math.floor(seconds / 3600);
      const text = `${hours ? `${hours}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}` : Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (each.textContent !== text) each.textContent = text;
      if (seconds === 0 && !each.over) { each.over = true; setTimeout(fresh, 400 + Math.random() * 800); }
    }
  };
  setInterval(tick, 250);

  // Drawing again what others changed: the parts of the page, and of the dialog, that say where they come from.
  const busy = where => where.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), textarea, select");
  let drawing = null, more = false;
  const fresh = () => { if (drawing) { more = true; return drawing; } drawing = draw().finally(() => { drawing = null; if (more) { more = false; fresh(); } }); return drawing; };
  const draw = async () => {
    const parts = all(document, "[data-fresh]"), told = new Map();
    for (const each of parts) if (!busy(each)) told.set(each.dataset.fresh, [...(told.get(each.dataset.fresh) ?? []), each]);
    for (const [address, some] of told) {
      let answer;
      try { answer = await fetch(address, { headers: part }); } catch { cut(true); return; }
      if (answer.headers.get("hx-redirect")) { location.href = answer.headers.get("hx-redirect"); return; }
      if (!answer.ok) continue;
      cut(false);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of some) {
        const now = page.getElementById(old.id);
        if (!now || busy(old)) continue;
        all(old, "details[open]").forEach(each => now.querySelector(`#${each.id}`)?.setAttribute("open", ""));
        if (now.dataset.at) ahead = Date.parse(now.dataset.at) - Date.now();
        const focused = old.contains(document.activeElement) ? all(old, "a, button, input").indexOf(document.activeElement) : -1;
        if (old.innerHTML !== now.innerHTML) { const made = document.adoptNode(now); old.replaceWith(made); ready(made); if (focused >= 0) all(made, "a, button, input")[focused]?.focus({ preventScroll: true }); }
      }
    }
    tick(); mark();
  };
  let timer = 0;
  const soon = () => { clearTimeout(timer); timer = setTimeout(fresh, 60 + Math.random() * 240); };
  const cut = is => { const told = document.getElementById("offline"); if (told) told.hidden = !is; };

  // The queue of what was done here.
  const name = `wash:${app}:${me}`, LATE = 5000;
  const read = () => { try { return JSON.parse(localStorage.getItem(name) ?? "[]"); } catch { return []; } };
  const write = some => localStorage.setItem(name, JSON.stringify(some));
  const change = (id, given) => write(read().map(each => each.id === id ? { ...each, ...given } : each));
  const drop = id => { write(read().filter(each => each.id !== id)); tray(); mark(); };
  const tray = () => {
    const box = document.getElementById("tray");
    if (!box) return;
    box.replaceChildren(...read().filter(each => each.state !== "new").map(each => {
      const text = { wait: `${said.wait}: ${each.said}`, old: `${said.old}: ${each.said}`, refused: `${each.said}: ${each.why}`, done: each.done }[each.state];
      const button = (words, act) => make("button", { type: "button", textContent: words, onclick: act });
      const deeds = each.state === "old" ? [button(said.send, () => { change(each.id, { state: "wait", at: Date.now() }); run(); }), button(said.drop, () => drop(each.id))] : each.state === "wait" ? [button(said.drop, () => drop(each.id))] : [button(said.fine, () => drop(each.id))];
      return make("p", { className: each.state }, make("span", { textContent: text }), make("span", {}, ...deeds));
    }));
  };
  const mark = () => {
    const waits = new Set(read().filter(each => each.state === "wait" || each.state === "new").map(each => `${each.body.machine_type}-${each.body.machine_id}`));
    all(document, "[data-machine]").forEach(each => each.classList.toggle("queued", waits.has(each.dataset.machine)));
  };
  const one = async each => {
    if (each.late && Date.now() - each.at > each.late * 60000) { change(each.id, { state: "old" }); return true; }
    const body = Object.keys(each.body).length ? JSON.stringify(each.body) : undefined;
    let answer;
    try { answer = await fetch(ask + each.path, { method: each.method, body, headers: { "content-type": "application/json", "idempotency-key": each.id }, signal: AbortSignal.timeout(15000) }); }
    catch { change(each.id, { state: "wait" }); cut(true); return false; }
    const told = await answer.json().catch(() => null);
    cut(false);
    if (answer.ok) {
      if (each.quiet) drop(each.id); else { change(each.id, { state: "done", done: each.done || told?.message || "" }); setTimeout(() => drop(each.id), LATE); }
      return true;
    }
    if (answer.status === 401) { change(each.id, { state: "wait", said: said.again }); return false; }
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408 || answer.status === 425) { change(each.id, { state: "wait" }); return false; }
    const first = told?.errors?.[0]?.msg;
    change(each.id, { state: "refused", why: first || told?.said || told?.detail || said.wrong });
    return true;
  };
  const work = async () => {
    let did = false;
    for (;;) {
      const next = read().find(each => each.state === "wait" || each.state === "new");
      if (!next || !(await one(next))) break;
      did = true; tray();
    }
    tray(); mark();
    if (did) await fresh();
  };
  let running = null;
  const run = () => { running ??= (navigator.locks ? navigator.locks.request(name, work) : work()).finally(() => { running = null; if (read().some(each => each.state === "new")) run(); }); return running; };
  const put = order => {
    const kept = { id: uuid(), at: Date.now(), state: "new", ...order };
    try { write([...read(), kept]); } catch { const { photo, photo_data, ...rest } = kept.body; write([...read(), { ...kept, body: rest, said: `${kept.said} (${said.full})` }]); }
    mark();
    return run();
  };

  // What a form asks for.
  const order = async (form, button) => {
    const [path, method = "POST"] = form.dataset.ask.split(" ").reverse(), body = "ways" in form.dataset ? { channels: ["in_app"], rings: false } : {};
    for (const [field, value] of new FormData(form, button)) {
      if (field === "do" || field === "key" || typeof value !== "string") continue;
      if (field === "channels") body.channels.push(value);
      else if (value !== "" || "ways" in form.dataset || "empty" in form.dataset) body[field] = ["machine_id", "minutes", "remind_before_min", "count", "room_id"].includes(field) ? Number(value) : value === "true" ? true : value;
    }
    for (const field of all(form, "[data-photo]")) if (field.files[0]) body[field.dataset.photo] = await small(field.files[0]);
    const done = { said: form.dataset.said, done: form.dataset.done, quiet: "quiet" in form.dataset, late: Number(form.dataset.late ?? 0) };
    if (path.startsWith("/machines/") && /\/(confirm|follow)$/.test(path) || path.startsWith("/admin/")) { delete body.machine_type; delete body.machine_id; }
    return { method, path, body, ...done };
  };
  // A photo as base64.
  const small = async file => {
    const made = await smallPhoto(file);
    return new Promise((done, fail) => { const reader = new FileReader(); reader.onload = () => done(reader.result.split(",")[1]); reader.onerror = fail; reader.readAsDataURL(made); });
  };
  document.addEventListener("submit", async event => {
    const form = event.target;
    if (event.submitter?.dataset.sure && !confirm(event.submitter.dataset.sure)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (!form.matches("[data-ask]")) return;
    event.preventDefault(); event.stopImmediatePropagation();
    const buttons = all(form, "button");
    buttons.forEach(each => { each.disabled = true; });
    let wish;
    try { wish = await order(form, event.submitter); } catch { buttons.forEach(each => { each.disabled = false; }); put({ method: "GET", path: "/profile/me", body: {}, said: said.full, quiet: true }); return; }
    const dialog = form.closest("dialog");
    if (dialog && form.dataset.ask !== "/machines/extend") { dialog.close(); dialog.replaceChildren(); }
    await put(wish);
    buttons.forEach(each => { each.disabled = false; });
    if (form.dataset.then && read().every(each => each.state !== "refused")) { form.reset(); location.href = form.dataset.then; }
  }, true);
  document.addEventListener("change", event => {
    const [file] = event.target.matches?.("[data-photo]") ? event.target.files : [], shown = document.querySelector("[data-preview]");
    if (shown && event.target.matches("[data-photo]")) { shown.hidden = !file; if (file) shown.src = URL.createObjectURL(file); }
  });

  // A machine opens as a dialog; without a line, or without script, it is a page.
  const dialog = document.getElementById("dialog");
  document.addEventListener("click", async event => {
    const link = event.target.closest("a[data-open]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href, { headers: part });
      if (!answer.ok) throw new Error();
      keep(link.href, answer.clone());
      show(await answer.text());
    } catch {
      const kept = await window.caches?.match(`${link.href}?part`).catch(() => null);
      if (kept) show(await kept.text()); else location.href = link.href;
    }
  });
  const show = html => { dialog.replaceChildren(document.adoptNode(new DOMParser().parseFromString(html, "text/html").querySelector("[data-fresh]"))); ready(dialog); tick(); if (!dialog.open) dialog.showModal(); (dialog.querySelector(".lengths button") ?? dialog.querySelector("button"))?.focus(); };
  // The machines' pages are kept as parts beside those that the worker keeps: starting one without a line needs them.
  const { worker, liveFor } = document.body.dataset, edition = worker && new URL(worker, location.href).searchParams.get("v");
  const keep = async (address, answer) => window.caches?.open(`kept ${app} ${liveFor} ${edition}`).then(kept => kept.put(`${address}?part`, answer)).catch(() => {});
  const got = new Set();
  const stock = async () => {
    if (!window.caches) return;
    try {
      for (const { href } of all(document, "a.machine[data-open]")) if (!got.has(href)) {
        const answer = await fetch(href, { headers: part });
        if (answer.ok) { await keep(href, answer); got.add(href); }
      }
      wash().dataset.kept = "yes";
    } catch { /* it goes on when the line is back */ }
  };

  const ready = where => all(where, "[data-script]").forEach(each => { each.hidden = false; });
  const count = async () => {
    const answer = isIn && await fetch(`${ask}/notifications?limit=1`).catch(() => null), told = answer?.ok ? await answer.json() : null;
    if (told) all(document, "[data-unread]").forEach(each => { each.textContent = told.unread_count; each.hidden = !told.unread_count; });
  };

  // Listening: all tabs share one stream.
  const listen = () => {
    const address = new URL(`${app}/-/live?of=/api/ws`, location.href).href;
    const hears = { message: () => { soon(); counting(); }, resync: soon, open: () => { cut(false); soon(); run(); }, error: () => cut(true) };
    if ("SharedWorker" in window && document.body.dataset.liveWorker) {
      const { port } = new SharedWorker(document.body.dataset.liveWorker, `${address} ${document.body.dataset.liveFor}`);
      port.onmessage = ({ data }) => hears[data.kind]?.(data.data);
      const come = () => port.postMessage({ address });
      come();
      addEventListener("pagehide", () => port.postMessage({ leaves: true }));
      addEventListener("pageshow", event => { if (event.persisted) { come(); fresh(); } });
    } else {
      const stream = new EventSource(address);
      stream.onmessage = hears.message; stream.addEventListener("resync", hears.resync); stream.onopen = hears.open; stream.onerror = hears.error;
      addEventListener("pagehide", () => stream.close());
    }
  };
  let counted = 0;
  const counting = () => { clearTimeout(counted); counted = setTimeout(() => { count(); document.dispatchEvent(new Event("wash:told")); }, 300); };
  document.addEventListener("wash:seen", () => { count(); fresh(); });
  ready(document); tray(); mark(); tick();
  if (!isIn) return;
  listen(); count(); fresh().then(stock); run();
  addEventListener("online", () => { run(); fresh().then(stock); });
  addEventListener("offline", () => cut(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { fresh(); run(); } });
  setInterval(() => { if (read().some(each => each.state === "wait")) run(); }, LATE);
})();

// What pages do by themselves beyond what htmx does: dialogs, pickers, keys, what others change. Every link and form works without.
(() => {
  const root = document.documentElement, app = root.dataset.app;
  const all = (where, what) => [...where.querySelectorAll(what)];
  const dialog = document.getElementById("dialog");
  const say = text => { document.getElementById("spoken").textContent = text; };
  const part = { "HX-Request": "true" };

  // A key for each form, so that one which is sent twice is done once.
  const keyed = where => all(where, "[data-key]").forEach(each => { each.value ||= crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; });

  // Where the focus is, it stays in what is drawn again: on what leads to the same place or has the same name.
  const held = where => {
    const here = document.activeElement;
    if (!where.contains(here)) return () => {};
    const sign = each => [each.id, each.getAttribute("href"), each.getAttribute("name")].join();
    const alike = at => all(at, here.localName).filter(each => sign(each) === sign(here));
    const place = alike(where).indexOf(here);
    return fresh => (alike(fresh)[place] ?? fresh).focus({ preventScroll: true });
  };

  // Forms that were begun are not left by accident.
  const touched = new WeakSet();
  document.addEventListener("input", event => { const form = event.target.closest?.("[data-guard]"); if (form) touched.add(form); });
  document.addEventListener("submit", event => touched.delete(event.target));
  const isTouched = where => all(where, "[data-guard]").some(each => touched.has(each));
  addEventListener("beforeunload", event => { if (isTouched(document)) event.preventDefault(); });

  // Dialogs: a link whose page is short opens here.
  let from = null;
  const show = async href => {
    from = document.activeElement;
    try {
      const answer = await fetch(href, { headers: part });
      const to = answer.headers.get("hx-redirect");
      if (to) { location.href = to; return; }
      fill(await answer.text());
      if (!dialog.open) dialog.showModal();
      const first = dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea, button[type=submit]");
      first?.focus();
    } catch { location.href = href; }
  };
  const fill = html => { dialog.innerHTML = html; ready(dialog); };
  const close = () => { if (!isTouched(dialog) || confirm(root.dataset.leave)) { dialog.close(); dialog.innerHTML = ""; from?.focus?.(); } };
  dialog.addEventListener("cancel", event => { event.preventDefault(); close(); });
  dialog.addEventListener("click", event => { if (event.target === dialog) close(); });
  document.addEventListener("click", event => {
    const link = event.target.closest("a[data-dialog], a[data-keys], a[data-find]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); show(link.href); return; }
    if (event.target.closest("dialog [data-close]")) { event.preventDefault(); close(); }
    for (const each of all(document, "details.me[open], details.drop[open], details.menu-button[open]")) if (!each.contains(event.target)) each.open = false;
  });
  dialog.addEventListener("submit", async event => {
    const form = event.target;
    if (!form.matches("[data-part]")) return;
    event.preventDefault();
    const sent = new FormData(form, event.submitter);
    const body = form.enctype === "multipart/form-data" ? sent : new URLSearchParams(sent);
    all(form, "button").forEach(each => { each.disabled = true; });
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: part });
      const to = answer.headers.get("hx-redirect");
      if (to) { leaving = true; location.href = to; if (to.split("#")[0] === location.href.split("#")[0]) location.reload(); return; }
      const html = await answer.text();
      if (answer.status >= 500 && failed(form, html)) return;
      fill(html);
      (dialog.querySelector(".is-invalid") ?? dialog.querySelector("[role=alert]"))?.focus?.();
      dialog.scrollTop = 0;
    } catch {
      all(form, "button").forEach(each => { each.disabled = false; });
      lost(form, event.submitter);
    }
  });

  // Where nothing but a failure comes back, the form stays as it was filled in, and says why.
  const failed = (form, html) => {
    const page = document.createElement("template");
    page.innerHTML = html;
    const said = all(page.content, "[data-why] p");
    if (!said.length) return false;
    all(form, ":scope > [role=alert]").forEach(each => each.remove());
    const why = document.createElement("p");
    Object.assign(why, { className: "alert alert-danger", tabIndex: -1, textContent: said.map(each => each.textContent).join(". ") });
    why.setAttribute("role", "alert");
    form.prepend(why);
    all(form, "button").forEach(each => { each.disabled = false; });
    touched.add(form);
    why.focus();
    return true;
  };

  // A form that could not be sent says so, keeps what was written, and is sent when the line is back; its key keeps it from being done twice.
  const lost = (form, button) => {
    touched.add(form);
    offline(true);
    let told = form.querySelector("[data-lost]");
    if (!told) {
      told = document.createElement("p");
      Object.assign(told, { className: "alert alert-warning", tabIndex: -1, textContent: root.dataset.lost });
      told.setAttribute("role", "alert");
      told.dataset.lost = "";
      form.prepend(told);
      addEventListener("online", () => { told.remove(); if (form.isConnected) form.requestSubmit(button); }, { once: true });
    }
    told.focus();
  };
  document.addEventListener("submit", event => {
    if (navigator.onLine || !event.target.matches("[data-guard]:not([data-part])")) return;
    event.preventDefault();
    lost(event.target, event.submitter);
  });
  let leaving = false;

  // Choosing the row that a field refers to.
  const picker = box => {
    const [hidden, shown, list] = [box.querySelector("input[type=hidden]"), box.querySelector("[role=combobox]"), box.querySelector("[role=listbox]")];
    let at = -1, timer = 0, turn = 0;
    const open = is => { list.hidden = !is; shown.setAttribute("aria-expanded", is); at = -1; };
    const look = async () => {
      const mine = ++turn;
      const answer = await fetch(`${box.dataset.pick}?q=${encodeURIComponent(shown.value)}`, { headers: part }).catch(() => null);
      const html = answer?.ok ? await answer.text() : "";
      if (!answer?.ok || mine !== turn) return;
      list.innerHTML = html;
      open(true);
    };
    const options = () => all(list, "[role=option]");
    const go = step => { const some = options(); if (!some.length) return; at = (at + step + some.length) % some.length; some.forEach((each, n) => each.setAttribute("aria-selected", n === at)); some[at].scrollIntoView({ block: "nearest" }); };
    const take = option => { hidden.value = option.dataset.id; shown.value = option.dataset.called; shown.setCustomValidity(""); open(false); hidden.dispatchEvent(new Event("input", { bubbles: true })); };
    shown.addEventListener("input", () => { hidden.value = ""; clearTimeout(timer); timer = setTimeout(look, 150); });
    shown.addEventListener("focus", () => { if (!hidden.value) look(); });
    shown.addEventListener("keydown", event => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); if (list.hidden) look(); else go(event.key === "ArrowDown" ? 1 : -1); }
      if (event.key === "Enter" && !list.hidden) { event.preventDefault(); const some = options(); if (some.length) take(some[Math.max(at, 0)]); }
      if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); open(false); }
    });
    list.addEventListener("mousedown", event => { const option = event.target.closest("[role=option]"); if (option) { event.preventDefault(); take(option); } });
    shown.addEventListener("blur", () => setTimeout(() => { open(false); if (!hidden.value) shown.value = ""; }, 150));
  };

  // Naming a colleague with an @.
  const mention = field => {
    const names = JSON.parse(field.dataset.mention), list = document.createElement("div");
    if (!names.length) return;
    Object.assign(list, { className: "picked card", hidden: true, id: `${field.id}-names` });
    list.setAttribute("role", "listbox");
    field.after(list);
    let at = 0;
    const begun = () => /(?:^|[^\w@.])@([^@\n]{0,40})$/.exec(field.value.slice(0, field.selectionStart))?.[1];
    const look = () => {
      const term = begun()?.toLowerCase();
      const some = term === undefined ? [] : names.filter(each => each.toLowerCase().startsWith(term) && each.toLowerCase() !== term).slice(0, 8);
      at = 0;
      list.replaceChildren(...some.map((each, n) => {
        const option = document.createElement("div");
        option.textContent = each;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", n === 0);
        return option;
      }));
      list.hidden = !some.length;
    };
    const take = name => {
      const end = field.selectionStart, from = end - begun().length;
      field.setRangeText(`${name} `, from, end, "end");
      list.hidden = true;
      field.focus();
    };
    field.addEventListener("input", look);
    field.addEventListener("blur", () => { list.hidden = true; });
    field.addEventListener("keydown", event => {
      if (list.hidden) return;
      const some = [...list.children], step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { at = (at + step + some.length) % some.length; some.forEach((each, n) => each.setAttribute("aria-selected", n === at)); }
      else if (event.key === "Enter" || event.key === "Tab") take(some[at].textContent);
      else if (event.key === "Escape") { event.stopPropagation(); list.hidden = true; }
      else return;
      event.preventDefault();
    });
    list.addEventListener("mousedown", event => { const option = event.target.closest("[role=option]"); if (option) { event.preventDefault(); take(option.textContent); } });
  };

  // Filters act as they are chosen; columns are chosen for this address.
  const ready = where => {
    keyed(where);
    all(where, "[data-pick]").forEach(picker);
    all(where, "[data-mention]").forEach(mention);
    all(where, "[data-filters]").forEach(form => {
      form.addEventListener("change", event => { if (event.target.matches("select")) { sessionStorage.setItem("filter", event.target.name); form.requestSubmit(); } });
      form.elements[sessionStorage.getItem("filter")]?.focus?.();
      sessionStorage.removeItem("filter");
    });
    all(where, "[data-columns]").forEach(box => box.querySelector("[data-choose]").addEventListener("click", () => {
      const address = new URL(location.href);
      address.searchParams.set("columns", all(box, "[data-column]:checked").map(each => each.dataset.column).join(","));
      location.href = address;
    }));
    all(where, "[data-add-line]").forEach(button => button.addEventListener("click", () => {
      const lines = all(button.parentElement, "[data-line]"), line = lines[0].cloneNode(true), n = lines.length + 1;
      all(line, "input, textarea").forEach(each => { each.value = ""; });
      all(line, "select").forEach(each => { each.selectedIndex = Math.max(0, [...each.options].findIndex(option => option.defaultSelected)); });
      all(line, "[id]").forEach(each => { each.id += `-${n}`; });
      all(line, "label[for]").forEach(each => { each.htmlFor += `-${n}`; });
      lines.at(-1).after(line);
      ready(line);
      line.querySelector("input, select")?.focus();
    }));
    all(where, "[data-search]").forEach(field => {
      let timer = 0, turn = 0, isBehind = false;
      const look = async () => {
        const mine = ++turn;
        const answer = await fetch(`${app}/-/search?q=${encodeURIComponent(field.value)}`, { headers: part }).catch(() => null);
        const html = answer?.ok ? await answer.text() : "";
        const found = new DOMParser().parseFromString(html, "text/html").getElementById("found");
        if (!found || mine !== turn) return;
        document.getElementById("found").replaceWith(document.adoptNode(found));
        isBehind = false;
      };
      // Whoever types on and presses Enter means what is typed by then.
      const go = async () => {
        if (isBehind) { clearTimeout(timer); await look(); }
        const links = all(document.getElementById("found"), "a"), one = links.find(each => each.classList.contains("here")) ?? links[0];
        if (one && !isBehind) location.href = one.href;
      };
      field.addEventListener("input", () => { isBehind = true; turn += 1; clearTimeout(timer); timer = setTimeout(look, 120); });
      field.addEventListener("keydown", event => {
        const links = all(document.getElementById("found"), "a");
        const now = links.findIndex(each => each.classList.contains("here"));
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          links[now]?.classList.remove("here");
          const next = links[(now + (event.key === "ArrowDown" ? 1 : -1) + links.length) % links.length];
          next?.classList.add("here"); next?.scrollIntoView({ block: "nearest" });
        }
        if (event.key === "Enter" && (isBehind || links.length)) { event.preventDefault(); go(); }
      });
    });
  };

  // Several rows at once.
  const many = document.querySelector("[data-many]");
  const chosen = () => all(document, "tbody input[name=id]:checked");
  const count = () => {
    if (!many) return;
    const n = chosen().length, told = many.querySelector("[data-chosen]");
    many.hidden = n === 0;
    told.textContent = (n === 1 ? told.dataset.one : told.dataset.more).replace("{count}", n);
  };
  document.addEventListener("change", event => {
    if (event.target.matches("[data-all]")) all(document, "tbody input[name=id]").forEach(each => { each.checked = event.target.checked; });
    if (event.target.matches("[data-all], tbody input[name=id]")) count();
  });
  many?.addEventListener("submit", event => { if (event.submitter?.dataset.sure && !confirm(event.submitter.dataset.sure)) event.preventDefault(); });

  // Boards: a card is dragged to where one of its verbs leads.
  let dragged = null;
  const goals = card => Object.entries(card.dataset).filter(([name]) => name.startsWith("to")).map(([, value]) => value.split("|"));
  document.addEventListener("dragstart", event => { dragged = event.target.closest?.(".board-card"); });
  document.addEventListener("dragend", () => { dragged = null; all(document, ".over").forEach(each => each.classList.remove("over")); });
  document.addEventListener("dragover", event => {
    const column = event.target.closest?.(".board-column");
    if (dragged && column && goals(dragged).some(([goal]) => goal === column.dataset.value)) { event.preventDefault(); column.classList.add("over"); }
  });
  document.addEventListener("dragleave", event => event.target.closest?.(".board-column")?.classList.remove("over"));
  document.addEventListener("drop", event => {
    const column = event.target.closest?.(".board-column"), way = dragged && goals(dragged).find(([goal]) => goal === column?.dataset.value);
    if (way) { event.preventDefault(); show(way[1]); }
  });

  // Keys.
  const rows = () => all(document, "tbody tr[data-row]");
  const step = by => {
    const some = rows(), now = some.findIndex(each => each.classList.contains("here"));
    some[now]?.classList.remove("here");
    const next = some[Math.min(Math.max(now + by, 0), some.length - 1)];
    next?.classList.add("here"); next?.scrollIntoView({ block: "nearest" });
  };
  let went = 0;
  document.addEventListener("keydown", event => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); show(`${app}/-/search`); return; }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.target.closest?.("form")?.requestSubmit(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || event.target.matches?.("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    const here = document.querySelector("tr.here");
    const keys = {
      "/": () => document.getElementById("search")?.focus(), "?": () => show(`${app}/-/keys`), "j": () => step(1), "k": () => step(-1),
      "n": () => document.querySelector("[data-new]")?.click(), "e": () => document.querySelector("[data-edit]")?.click(),
      "x": () => { const box = here?.querySelector("input[name=id]"); if (box) { box.checked = !box.checked; count(); } },
      "Enter": () => here?.querySelector("a")?.click(), "g": () => { went = Date.now(); },
      "h": () => { if (Date.now() - went < 1500) location.href = app; },
    };
    if (event.key === "Enter" && event.target.matches?.("a, button, summary")) return;
    if (event.key in keys) { event.preventDefault(); keys[event.key](); }
  });

  // What others change.
  const offline = is => { const told = document.getElementById("offline"); if (told) told.hidden = !is; };
  if (!navigator.onLine) offline(true);
  addEventListener("offline", () => offline(true));
  addEventListener("online", () => offline(false));
  const live = document.body.dataset.live;
  if (live && ("SharedWorker" in window || "EventSource" in window)) {
    const pending = new Set();
    let timer = 0;
    const redraw = async () => {
      for (const name of [...pending]) {
        pending.delete(name);
        for (const old of all(document, `[data-row="${CSS.escape(name)}"]`)) {
          const table = old.closest("[data-row-at]");
          if (old.matches("tr") && table) {
            const columns = new URLSearchParams(location.search).get("columns");
            const answer = await fetch(`${table.dataset.rowAt}${name.split(":")[1]}/row${columns ? `?columns=${columns}` : ""}`, { headers: part }).catch(() => null);
            if (answer?.status === 404) old.remove();
            if (!answer?.ok) continue;
            const body = document.createElement("tbody");
            body.innerHTML = await answer.text();
            const fresh = body.firstElementChild;
            if (!fresh) continue;
            fresh.querySelector("input[name=id]").checked = old.querySelector("input[name=id]").checked;
            fresh.classList.add("fresh");
            const back = held(old);
            old.replaceWith(fresh);
            back(fresh);
          } else old.classList.add("fresh");
        }
        const page = document.querySelector(`[data-page-row="${CSS.escape(name)}"]`);
        if (page) moved();
      }
    };
    const moved = async () => {
      const told = document.getElementById("moved");
      if (isTouched(document) || dialog.open) { if (told) told.hidden = false; return; }
      const answer = await fetch(location.href, { headers: part }).catch(() => null);
      if (!answer?.ok) return;
      const at = scrollY, main = document.getElementById("content"), kept = all(main, ":scope > .offline, :scope > .told");
      const html = await answer.text(), back = held(main);
      main.innerHTML = html;
      main.prepend(...kept);
      back(main);
      ready(main);
      scrollTo(0, at);
      main.querySelector("[data-page-row]")?.classList.add("fresh");
      window.htmx?.process(main);
    };
    const heard = text => {
      let told;
      try { told = JSON.parse(text); } catch { return; }
      const changes = told.data?.changes ?? [];
      for (const each of changes) pending.add(`${each.resource}:${each.id}`);
      const board = document.querySelector("[data-board]"), table = document.querySelector("[data-table]");
      const adds = changes.some(each => each.resource === (board?.dataset.board ?? table?.dataset.table) && (board || each.operation === "add"));
      if (adds && scrollY < 200 && !chosen().length) { clearTimeout(timer); timer = setTimeout(moved, 250); } else { clearTimeout(timer); timer = setTimeout(redraw, 120); }
    };
    const hears = { message: heard, resync: () => moved(), open: () => offline(!navigator.onLine), error: () => { if (!leaving) offline(!navigator.onLine); } };
    // All tabs share one stream, where the browser has workers for that.
    const shared = () => {
      const { port } = new SharedWorker(document.body.dataset.liveWorker, `${live} ${document.body.dataset.liveFor}`);
      port.onmessage = ({ data }) => hears[data.kind](data.data);
      const come = () => port.postMessage({ address: new URL(live, location.href).href });
      come();
      addEventListener("pagehide", () => { leaving = true; port.postMessage({ leaves: true }); });
      addEventListener("pageshow", event => { if (event.persisted) { leaving = false; come(); moved(); } });
    };
    const own = () => {
      const stream = new EventSource(live);
      stream.onmessage = event => heard(event.data);
      for (const kind of ["resync", "open", "error"]) stream.addEventListener(kind, hears[kind]);
      addEventListener("pagehide", () => { leaving = true; stream.close(); });
    };
    if ("SharedWorker" in window) shared(); else own();
  }

  // A worker keeps the pages that are to be there without a line, for whoever looks.
  const { worker, keeps, liveFor: account } = document.body.dataset, workers = worker && navigator.serviceWorker;
  if (workers) {
    workers.addEventListener("message", ({ data }) => { if (data.kept) document.body.dataset.kept = "yes"; });
    workers.register(worker, { scope: app }).then(() => workers.ready).then(({ active }) => active.postMessage({ wanted: keeps.split(" "), account })).catch(() => {});
  }

  ready(document);
  document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });
  if (document.querySelector("[data-print-now]")) print();
  document.addEventListener("htmx:after:swap", event => { ready(event.target); });
  if (document.querySelector(".told")) say(document.querySelector(".told span").textContent);
})();

// The till. Whatever is done goes into a queue of this browser first and is posted from there, each step with a key of its own,
// so that it happens once: with the line, without it, and when the page is closed in the middle. Amounts are whole cents.
(() => {
  const at = document.getElementById("till");
  if (!at) return;
  const root = document.documentElement, told = JSON.parse(at.dataset.told), said = JSON.parse(at.dataset.said);
  const app = root.dataset.app, ask = `${app}/-/api/api`, lang = root.lang === "en" ? "en-GB" : root.lang, me = document.body.dataset.liveFor;
  const $ = id => document.getElementById(id), all = (where, what) => [...where.querySelectorAll(what)];
  at.hidden = false;

  // Words, amounts.
  const say = (text, values = {}) => (said[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const sentence = text => { // One of the interface, where values stand in it already.
    for (const each of Object.keys(said)) {
      const names = [...each.matchAll(/\{(\w+)\}/g)].map(hole => hole[1]);
      const found = names.length && text.match(new RegExp(`^${each.split(/\{\w+\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(\\S+)")}$`));
      if (found) return say(each, Object.fromEntries(names.map((name, n) => [name, found[n + 1]])));
    }
    return say(text);
  };
  const number = new Intl.NumberFormat(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const show = cents => number.format(cents / 100), money = cents => `${told.currency} ${show(cents)}`;
  const point = number.format(1.5).replace(/\d/g, ""), cents = value => Math.round(Number(value) * 100);
  const plain = amount => `${amount < 0 ? "-" : ""}${Math.floor(Math.abs(amount) / 100)}.${String(Math.abs(amount) % 100).padStart(2, "0")}`;
  const read = text => { // Cents; null where nothing stands there, NaN where it is no amount.
    let left = text.trim().replace(/[\s\u00a0\u202f']/g, "");
    if (!left) return null;
    left = point === "," ? left.replace(/\.(?=\d{3}(\D|$))/g, "").replace(",", ".") : left.replace(/,(?=\d{3}(\D|$))/g, "").replace(/^(\d+),(\d{1,2})$/, "$1.$2");
    return /^\d+(\.\d{1,2})?$/.test(left) ? cents(left) : NaN;
  };
  const make = (tag, given = {}, ...inside) => { const made = Object.assign(document.createElement(tag), given); made.append(...inside); return made; };
  const uuid = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map(each => each.toString(16).padStart(2, "0")).join("");
  const key = () => uuid();

  // Asking the interface.
  class Lost extends Error {}
  class Refused extends Error { constructor(status, answer) { super(answer?.said ?? answer?.detail ?? say("That did not work")); Object.assign(this, { status, answer }); } }
  const call = async (method, path, body, known) => {
    const headers = { "x-account": me }; // nothing of one person's goes out as another's
    if (body !== undefined && !(body instanceof FormData)) headers["content-type"] = "application/json";
    if (known) headers["idempotency-key"] = known;
    let answer;
    try { answer = await fetch(ask + path, { method, headers, body: body === undefined || body instanceof FormData ? body : JSON.stringify(body), signal: AbortSignal.timeout(body instanceof FormData ? 60000 : 10000) }); } catch { throw new Lost(); }
    if (answer.status === 401) throw new Refused(401, { detail: say("Sign in again: what is kept here is sent then") });
    const content = await answer.json().catch(() => null);
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Lost();
    if (!answer.ok) throw new Refused(answer.status, content);
    return content;
  };

  // The stock on offer is kept here, so that a scan needs no line.
  const store = (name, mode, act) => new Promise((done, fail) => {
    const open = indexedDB.open(`till:${app}`, 1);
    open.onupgradeneeded = () => { open.result.createObjectStore("orders", { keyPath: "id" }); open.result.createObjectStore("kept"); };
    open.onerror = () => fail(open.error);
    open.onsuccess = () => { const deal = open.result.transaction(name, mode), found = act(deal.objectStore(name)); deal.oncomplete = () => { open.result.close(); done(found?.result); }; deal.onerror = deal.onabort = () => { open.result.close(); fail(deal.error); }; };
  });
  let stock = [], customers = [];
  const folded = text => String(text ?? "").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const learn = async () => {
    try {
      stock = (await call("GET", "/phones/?available_only=true&limit=1000")).map(phone => ({ id: phone.id, called: `${phone.brand} ${phone.model}`, brand: phone.brand, model: phone.model, condition: phone.condition, value: cents(phone.value), imei: phone.imei, imei2: phone.imei2, folded: folded(`${phone.brand} ${phone.model} ${phone.imei ?? ""} ${phone.imei2 ?? ""}`) }));
      await store("kept", "readwrite", kept => kept.put({ by: me, stock }, "stock"));
    } catch { const kept = await store("kept", "readonly", each => each.get("stock")).catch(() => null); if (!stock.length && kept?.by === me) stock = kept.stock; }
    $("till-brands").replaceChildren(...[...new Set(stock.map(each => each.brand))].map(brand => make("option", { value: brand })));
  };

  // Choosing from a list while typing; Enter takes what fits, as a scanner presses it.
  const chooser = (field, list, look, take, none) => {
    let here = -1, turn = 0;
    const open = is => { list.hidden = !is; field.setAttribute("aria-expanded", is); here = is ? here : -1; };
    const options = () => all(list, "[role=option]");
    const draw = some => { list.replaceChildren(...some.map(({ title, hint, value }) => { const each = make("button", { type: "button", tabIndex: -1 }, title, make("span", { className: "text-secondary" }, ` ${hint}`)); each.setAttribute("role", "option"); each.onmousedown = event => { event.preventDefault(); done(value); }; return each; })); list.found = some; here = -1; open(some.length > 0); };
    const done = value => { const text = field.value.trim(); turn++; open(false); field.value = ""; take(value, text); }; // what is typed by now may be more than the list was of
    const search = async () => { const mine = ++turn; await look(field.value.trim(), some => { if (mine === turn && field.value.trim()) draw(some); }); };
    field.addEventListener("input", () => { if (field.value.trim()) search(); else open(false); });
    field.addEventListener("blur", () => setTimeout(() => open(false), 150));
    field.addEventListener("keydown", async event => {
      if (event.key === "Escape" && !list.hidden) { event.preventDefault(); event.stopPropagation(); open(false); }
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
        event.preventDefault();
        const some = options(); here = (here + (event.key === "ArrowDown" ? 1 : -1) + some.length) % some.length;
        some.forEach((each, n) => each.setAttribute("aria-selected", n === here)); some[here].scrollIntoView({ block: "nearest" });
      }
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (here >= 0) { done(list.found[here].value); return; }
      const text = field.value.trim();
      if (!text) { none?.(); return; }
      let some = [];
      const mine = ++turn;
      await look(text, found => { some = found; }, true);
      if (mine !== turn) return;
      if (some.length === 1 || (some.length && some[0].exact)) done(some[0].value); else if (some.length) draw(some); else none?.(text);
    });
  };

  // Sell and swap.
  const sell = $("till-sell");
  let lines = [], decided = false;
  const net = () => lines.reduce((sum, line) => sum + line.price, 0);
  const isSwap = () => $("till-trade").open && Boolean(sell.elements.given_phone_brand.value.trim() || sell.elements.given_phone_model.value.trim() || sell.elements.given_phone_value.value.trim());
  const allowed = () => isSwap() ? read(sell.elements.given_phone_value.value) ?? 0 : 0;
  // Tax comes on top where prices do not include it, of the lines that are sold; in a swap the price is the asking price.
  const taxed = () => {
    const some = isSwap() ? lines.slice(1) : lines, sum = some.reduce((total, line) => total + line.price, 0);
    return told.tax.added ? Math.floor((sum * Math.round(told.tax.rate * 100) + 5000) / 10000) : 0;
  };
  const agreed = () => isSwap() && lines.length === 1 ? read(sell.elements.balance_paid.value) : null;
  const due = () => Math.max(agreed() ?? net() + taxed() - allowed(), 0);
  const drawLines = () => {
    $("till-none").hidden = lines.length > 0;
    $("till-lines").replaceChildren(...lines.map(line => {
      const each = $("till-line").content.cloneNode(true).firstElementChild, field = each.querySelector("input");
      each.querySelector("strong").textContent = line.phone.called;
      each.querySelector("span span").textContent = ` ${say(line.phone.condition)} ${line.phone.imei ?? ""}`;
      field.value = show(line.price);
      field.setAttribute("aria-label", say("Price of {what}", { what: line.phone.called }));
      field.addEventListener("input", () => { const price = read(field.value); line.price = price ?? line.phone.value; field.classList.toggle("is-invalid", Number.isNaN(price) || price === 0); reckon(); });
      field.addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); $("scan").focus(); } });
      each.querySelector(".btn-close").addEventListener("click", () => { lines = lines.filter(other => other !== line); drawLines(); reckon(); $("scan").focus(); });
      return each;
    }));
  };
  const add = phone => { if (!lines.some(line => line.phone.id === phone.id)) lines.push({ phone, price: phone.value }); hush(); drawLines(); reckon(); $("scan").focus(); };
  const ofStock = text => {
    const terms = folded(text).split(/\s+/), digits = text.replace(/[\s\-/.]/g, "");
    const exact = /^\d{8,17}$/.test(digits) ? stock.filter(phone => phone.imei === digits || phone.imei2 === digits) : [];
    const some = exact.length ? exact : stock.filter(phone => terms.every(term => phone.folded.includes(term)));
    return some.filter(phone => !lines.some(line => line.phone.id === phone.id)).slice(0, 8).map(phone => ({ title: phone.called, hint: `${say(phone.condition)} · ${phone.imei ?? ""} · ${show(phone.value)}`, value: phone, exact: exact.length > 0 }));
  };
  const unknown = async text => {
    if (!text) { if (lines.length) pay(); return; }
    let why = say("No phone on offer is called {what}", { what: text }), lead = null;
    try { const found = (await call("GET", `/phones/?limit=1&search=${encodeURIComponent(text)}`))[0]; if (found && !found.is_available) [why, lead] = [say("{what} is not for sale: {state}", { what: `${found.brand} ${found.model}`, state: say(found.status) }), ["RECEIVED", "WITHHELD", "AVAILABLE"].includes(found.status) ? make("a", { className: "alert-link", href: `${app}/phones/${found.id}/do/inspect` }, say("Inspect and price")) : null]; else if (found) { await learn(); const here = stock.find(each => each.id === found.id); if (here) { $("scan").value = ""; add(here); return; } } } catch { /* what is kept here has to do */ }
    wrong(why); if (lead) $("till-wrong").append(" ", lead); $("scan").select();
  };
  chooser($("scan"), $("scanned"), async (text, put) => put(ofStock(text)), add, unknown);
  let typed = "", last = 0;
  document.addEventListener("keydown", event => { // A scanner types fast, wherever the cursor is.
    if (sell.hidden || event.ctrlKey || event.altKey || event.metaKey || event.target.matches?.("input, select, textarea")) return;
    typed = event.timeStamp - last < 60 ? typed : ""; last = event.timeStamp;
    if (/^\d$/.test(event.key)) typed += event.key;
    if (event.key === "Enter" && typed.length >= 8) { event.preventDefault(); event.stopPropagation(); const found = ofStock(typed)[0]; if (found?.exact) add(found.value); else unknown(typed); typed = ""; }
  }, true);

  // Customers.
  const chosen = new Map();
  const customer = (form, prefix) => {
    const box = form.querySelector("[data-customer]"), fresh = form.querySelector("[data-new]"), field = $(`${prefix}-customer`);
    const [name, phone] = [fresh.querySelector("[data-name]"), fresh.querySelector("[data-number]")];
    const take = (value, typed) => { fresh.hidden = !value?.fresh; if (value?.fresh) { const text = typed || value.text, isNumber = /^[+\d][\d\s]*$/.test(text); name.value = isNumber ? "" : text; phone.value = isNumber ? text : ""; (isNumber ? name : phone).focus(); chosen.delete(form); } else if (value) { chosen.set(form, value); field.value = `${value.full_name} · ${value.phone_number}`; } hush(); };
    chooser(field, $(`${prefix}-customers`), async (text, put) => {
      let found = [];
      try { found = (await call("GET", `/customers/?limit=7&search=${encodeURIComponent(text)}`)); customers = [...found, ...customers].slice(0, 200); } catch { found = customers.filter(each => folded(`${each.full_name} ${each.phone_number}`).includes(folded(text))).slice(0, 7); }
      put([...found.map(each => ({ title: each.full_name, hint: each.phone_number, value: each })), { title: say("New customer: {what}", { what: text }), hint: "", value: { fresh: true, text } }]);
    }, take);
    field.addEventListener("input", () => { chosen.delete(form); if (!field.value.trim()) { fresh.hidden = true; name.value = phone.value = ""; } });
    return {
      who: () => chosen.get(form) ?? (fresh.hidden || !(name.value.trim() || phone.value.trim()) ? null : { full_name: name.value.trim(), phone_number: phone.value.trim() }),
      reset: who => { chosen.delete(form); field.value = name.value = phone.value = ""; fresh.hidden = true; if (who?.id) take(who); else if (who) { fresh.hidden = false; name.value = who.full_name; phone.value = who.phone_number; } },
      focus: () => field.focus(),
    };
  };
  const buyer = customer(sell, "sell"), bringer = customer($("till-repair"), "repair");

  // Photos of a phone that is taken in.
  let photos = [];
  const drawPhotos = () => $("till-photos").replaceChildren(...photos.map(photo => {
    const picture = make("img", { className: "thumb", src: URL.createObjectURL(photo), alt: say("Photo") }), remove = make("button", { type: "button", className: "btn-close" });
    picture.onload = () => URL.revokeObjectURL(picture.src);
    remove.setAttribute("aria-label", say("Remove"));
    remove.onclick = () => { photos = photos.filter(each => each !== photo); drawPhotos(); };
    return make("li", {}, picture, remove);
  }));
  all(at, "[data-photos]").forEach(field => field.addEventListener("change", async () => {
    const some = [...field.files];
    field.value = ""; hush();
    for (const each of some) try { photos.push(await smallPhoto(each)); } catch { wrong(say("This is no picture: {what}", { what: each.name })); }
    drawPhotos();
  }));

  // Payments.
  let paid = [];
  const addPayment = (given = {}) => {
    const box = $("till-payment").content.cloneNode(true).firstElementChild, name = `paid-${paid.length}-${key().slice(0, 4)}`;
    const amount = box.querySelector("[data-amount]"), reference = box.querySelector("[data-reference]");
    all(box, "[type=radio]").forEach(each => { each.name = name; each.checked = each.value === (given.method ?? "cash"); });
    const row = { box, amount, method: () => box.querySelector(":checked").value, reference: reference.querySelector("input") };
    const fit = () => { reference.hidden = row.method() === "cash"; box.querySelector("[data-said]").textContent = row.method() === "cash" ? say("Cash given") : say("Amount"); reckon(); };
    box.addEventListener("change", fit); amount.addEventListener("input", () => reckon());
    amount.addEventListener("focus", () => amount.select());
    if (given.amount) amount.value = show(given.amount);
    row.reference.value = given.reference ?? "";
    paid.push(row); $("till-payments").append(box); fit();
    return row;
  };
  const pay = () => { const row = paid[0]; if (!row.amount.value) row.amount.value = show(due()); row.amount.focus(); row.amount.select(); reckon(); };
  // What each way of paying brings: an empty amount is the rest, and what is too much of cash is change.
  const split = () => {
    let left = due();
    const parts = paid.map(row => { const given = read(row.amount.value), amount = Math.min(given ?? left, left); left -= Number.isNaN(amount) ? 0 : amount; return { method: row.method(), amount, given: given ?? amount, reference: row.reference.value.trim() }; });
    return { parts, left, change: parts.reduce((sum, each) => sum + (each.method === "cash" ? each.given - each.amount : 0), 0), wrong: parts.some(each => Number.isNaN(each.given) || (each.method !== "cash" && each.given > each.amount)) };
  };
  const reckon = () => {
    const { left, change } = split();
    const rows = [[say("In all"), net()], ...(taxed() ? [[say("Tax"), taxed()]] : []), ...(isSwap() ? [[say("Allowed for the phone given"), -allowed()]] : []), [say("To pay"), due(), "sum"], ...(change > 0 ? [[say("Change"), change, "change"]] : []), ...(left > 0 && lines.length ? [[say("Stays due"), left, "left"]] : [])];
    $("till-sums").replaceChildren(...rows.map(([title, amount, kind]) => make("div", { className: kind ?? "" }, make("dt", {}, title), make("dd", {}, Number.isNaN(amount) ? "–" : show(amount)))));
    guard();
  };
  $("till-more").addEventListener("click", () => addPayment().amount.focus());

  // The rule of 50 % and the price guard, before anything is refused.
  let asked = 0, timer = 0;
  const guard = () => {
    const box = $("till-guard"), line = lines[0];
    box.hidden = !(isSwap() && line);
    if (box.hidden) return;
    const least = Math.ceil(line.price / 2), comes = allowed() + (lines.length === 1 ? due() : Math.max(line.price - allowed(), 0));
    const rule = box.querySelector("[data-guard=rule]");
    rule.textContent = say(comes >= least ? "At least half of the price has to come in: {least}. {comes} does." : "At least half of the price has to come in: {least}. Only {comes} does.", { least: show(least), comes: show(comes) });
    rule.classList.toggle("till-alert", comes < least);
    box.querySelector("meter").value = Math.min(100, Math.round(100 * comes / line.price));
    clearTimeout(timer); timer = setTimeout(quote, 250);
  };
  const quote = async () => {
    const form = sell.elements, line = lines[0], mine = ++asked, box = $("till-guard");
    if (!line || !form.given_phone_brand.value.trim() || !form.given_phone_model.value.trim()) return;
    const wish = { given_phone_brand: form.given_phone_brand.value.trim(), given_phone_model: form.given_phone_model.value.trim(), given_phone_condition: form.given_phone_condition.value, new_phone_id: line.phone.id, discount_amount: plain(Math.max(line.phone.value - line.price, 0)) };
    if (form.given_phone_value.value.trim()) Object.assign(wish, { given_phone_value: plain(allowed()), balance_paid: plain(due()) });
    let found;
    try { found = await call("POST", "/swaps/quote", wish); } catch { return; }
    if (mine !== asked) return;
    const resale = box.querySelector("[data-guard=resale]"), alert = box.querySelector("[data-guard=alert]"), accept = box.querySelector("[data-guard=accept]");
    resale.textContent = found.resales.count ? say("{count} such phones brought {average} on average; allow {highest} at most.", { count: found.resales.count, average: show(cents(found.resales.average)), highest: show(cents(found.highest_allowance)) }) : say("The shop has not sold such a phone yet.");
    alert.hidden = !found.alert; alert.textContent = found.alert ? sentence(found.alert) : "";
    if (accept) accept.hidden = !found.alert || !told.refuses;
  };
  sell.addEventListener("input", event => { if (event.target.closest("#till-trade")) reckon(); });
  $("till-trade").addEventListener("toggle", () => reckon());

  // What was wrong.
  const hush = () => { $("till-wrong").hidden = true; all(at, "[data-wrong]").forEach(each => { each.hidden = true; }); all(at, ".is-invalid").forEach(each => each.classList.remove("is-invalid")); };
  const wrong = (text, form, fields = []) => {
    let first = null;
    for (const [name, why] of fields) {
      const place = form?.querySelector(`[data-wrong="${name}"]`), field = form?.elements[name];
      if (place) { place.textContent = why; place.hidden = false; }
      field?.classList?.add("is-invalid");
      first ??= name === "customer_id" ? form.querySelector("[data-customer] input") : field;
    }
    $("till-wrong").textContent = text; $("till-wrong").hidden = !text;
    (first ?? $("till-wrong")).focus?.();
  };

  // The queue: an order is some steps, each posted once; what one answers is there for the next.
  const filled = (value, found) => typeof value === "string" && value.startsWith("$") ? found[value.slice(1)] : Array.isArray(value) ? value.map(each => filled(each, found)) : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filled(each, found)])) : value;
  const formWith = photo => { const made = new FormData(); made.append("file", photo, "photo.jpg"); return made; };
  const DAY = 23 * 3600 * 1000; // The interface knows a key for a day (P-07).
  const run = async order => {
    if (order.tried && Date.now() - order.tried > DAY) throw new Refused(0, { detail: say("This was sent a day ago and nobody heard of it: look whether it was booked before you take it up again") });
    if (!order.tried && navigator.onLine) { order.tried = Date.now(); await store("orders", "readwrite", orders => orders.put(order)); }
    for (const step of order.steps) {
      if (step.done) continue;
      const path = step.path.replace(/\$(\w+)/g, (_, name) => order.found[name]);
      let answer;
      try { answer = await call("POST", path, step.photo ? formWith(step.photo) : filled(step.body, order.found), step.key); } catch (problem) {
        if (!(step.take === "customer" && problem instanceof Refused && problem.answer?.code === "phone_taken")) throw problem;
        answer = (await call("GET", `/customers/?limit=1&search=${encodeURIComponent(step.body.phone_number)}`))[0]; // made at another till meanwhile
        if (!answer) throw problem;
      }
      if (step.take) order.found[step.take] = answer.id;
      Object.assign(step, { done: true, answer });
      await store("orders", "readwrite", orders => orders.put(order));
    }
    await store("orders", "readwrite", orders => orders.delete(order.id));
  };
  const queue = () => store("orders", "readonly", orders => orders.getAll()).then(found => found.filter(each => each.by === me).sort((a, b) => a.at - b.at));
  const posted = async (order, isNew) => {
    try { await run(order); return true; } catch (problem) {
      if (problem instanceof Lost || problem.status === 401) { order.why = problem.status === 401 ? problem.message : ""; await store("orders", "readwrite", orders => orders.put(order)); return false; }
      if (!(problem instanceof Refused)) throw problem;
      order.refused = problem.message;
      const begun = order.steps.some(step => step.done && step.take !== "customer");
      await store("orders", "readwrite", orders => isNew && !begun ? orders.delete(order.id) : orders.put(order));
      if (isNew) throw problem;
      return false;
    }
  };
  const alone = act => navigator.locks ? navigator.locks.request(`till:${app}`, act) : act();
  const drain = () => alone(async () => {
    for (const order of await queue()) if (!order.refused) { if (!await posted(order, false) && !order.refused) break; if (!order.refused && latest === order.id) receipt(order); }
    await showQueue();
  });
  const showQueue = async () => {
    const some = await queue(), refused = some.filter(each => each.refused);
    const button = $("till-waiting");
    button.hidden = !some.length;
    button.textContent = refused.length ? say("{count} refused", { count: refused.length }) : say("{count} waiting for the line", { count: some.length });
    button.className = `btn ${refused.length ? "btn-danger" : "btn-warning"}`;
    $("till-waits").querySelector("ul").replaceChildren(...some.map(order => {
      const row = make("li", { className: "line-deeds" }, make("span", {}, `${new Date(order.at).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" })} · ${order.title} · ${money(order.total)}`, make("br"), make("span", { className: order.refused ? "till-alert" : "text-secondary" }, order.refused ? say("Refused: {why}", { why: order.refused }) : order.why || say("Is sent when the line is back"))));
      const take = make("button", { type: "button", className: "btn btn-sm", onclick: async () => { await store("orders", "readwrite", orders => orders.delete(order.id)); restore(order); await showQueue(); } }, say("Take up again"));
      const drop = make("button", { type: "button", className: "btn btn-sm btn-ghost-danger", onclick: async () => { if (confirm(say(order.steps.some(step => step.main && step.done) ? "Drop the rest? It was not booked." : "Drop this? It was not booked."))) { await store("orders", "readwrite", orders => orders.delete(order.id)); await showQueue(); } } }, say("Drop"));
      const booked = order.steps.find(step => step.main && step.done); // what is refused is only the rest of it
      if (order.refused) row.append(make("span", {}, booked ? make("a", { className: "btn btn-sm", href: `${app}/${order.room}/${booked.answer.id}` }, say("Show it")) : take, " ", drop));
      return row;
    }));
    if (!some.length) $("till-waits").hidden = true;
  };
  $("till-waiting").addEventListener("click", () => { $("till-waits").hidden = !$("till-waits").hidden; drain(); });
  addEventListener("online", () => { drain(); learn(); });
  setInterval(() => { if (!document.hidden) drain(); }, 15000);

  // The receipt.
  let latest = "";
  const receipt = order => {
    const box = $("till-done"), put = (name, text) => { const place = box.querySelector(`[data-receipt=${name}]`); place.textContent = text ?? ""; place.hidden = !text; };
    const answer = order.steps.find(step => step.main)?.answer;
    put("number", answer ? answer.number ?? answer.invoice_number ?? answer.repair_number ?? answer.purchase_number ?? "" : say("Kept here; the number follows when the line is back"));
    put("at", new Date(order.at).toLocaleString(lang, { dateStyle: "medium", timeStyle: "short" }));
    put("customer", order.who ?? "");
    put("note", order.note ?? "");
    box.querySelector("tbody").replaceChildren(...order.rows.map(([title, amount, kind]) => make("tr", { className: kind ?? "" }, make("td", {}, title), make("td", { className: "text-end" }, show(amount)))));
    const open = $("till-open");
    open.hidden = !answer; if (answer) open.href = answer.sale_ids?.length === 1 && !answer.swap_id ? `${app}/sales/${answer.sale_ids[0]}` : `${app}/${order.room}/${answer.id}`;
    const priced = $("till-priced");
    priced.hidden = order.room !== "purchases" || !answer; if (!priced.hidden) priced.href = `${app}/phones/${answer.phone_id}/do/inspect`;
    const paper = $("till-paper"), kind = order.room === "repairs" ? "ticket" : "receipt";
    paper.hidden = !answer || (order.room === "purchases" && !told.signs); if (answer) paper.href = `${app}/-/api/api/${order.room}/${answer.id}/papers/${kind}.pdf?size=80mm`;
    box.hidden = false;
    all(at, ".till-way, .till-ways").forEach(each => { each.hidden = true; });
    if (latest !== order.id) $("till-next").focus();
    latest = order.id;
  };
  const ways = ["sell", "buy", "repair"];
  let way = "sell";
  const go = (name, focus = true) => {
    way = name; latest = ""; hush();
    $("till-done").hidden = true; at.querySelector(".till-ways").hidden = false;
    for (const each of ways) { $(`till-${each}`).hidden = each !== name; $(`way-${each}`).setAttribute("aria-selected", each === name); $(`way-${each}`).tabIndex = each === name ? 0 : -1; }
    if (focus) ({ sell: $("scan"), buy: $("till-buy").elements.brand, repair: $("repair-customer") })[name].focus();
  };
  ways.forEach((name, n) => { $(`way-${name}`).addEventListener("click", () => go(name)); $(`way-${name}`).addEventListener("keydown", event => { const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]; if (by) { const next = ways[(n + by + ways.length) % ways.length]; go(next, false); $(`way-${next}`).focus(); } }); });
  const begin = () => { lines = []; paid = []; $("till-payments").replaceChildren(); for (const each of ways) $(`till-${each}`).reset(); $("till-trade").open = false; $("till-decision").hidden = true; buyer.reset(); bringer.reset(); photos = []; drawPhotos(); addPayment(); drawLines(); reckon(); };
  $("till-next").addEventListener("click", () => { begin(); go("sell"); });
  $("till-print").addEventListener("click", () => print());
  const values = form => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
  const restore = order => {
    begin(); go(order.way);
    const form = $(`till-${order.way}`);
    for (const [name, value] of Object.entries(order.kept.values)) { const field = form.elements[name]; if (field && !name.startsWith("paid")) field.value = value; }
    if (order.way !== "sell") { if (order.way === "repair") { bringer.reset(order.kept.who); photos = order.kept.photos ?? []; drawPhotos(); } return; }
    $("till-trade").open = order.kept.isSwap;
    lines = order.kept.lines; paid = []; $("till-payments").replaceChildren();
    order.kept.parts.forEach(part => addPayment({ ...part, amount: part.given })); if (!paid.length) addPayment();
    buyer.reset(order.kept.who); drawLines(); reckon(); wrong(order.refused ?? "");
  };

  // What is done: each way makes an order of its form.
  const withCustomer = (who, steps) => who && !who.id ? [{ path: "/customers/", body: { full_name: who.full_name, phone_number: who.phone_number }, take: "customer", key: key() }, ...steps] : steps;
  const idOf = who => who ? who.id ?? "$customer" : null;
  const given = object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  const amountOf = (form, name, fields, must) => { const amount = read(form.elements[name].value); if (Number.isNaN(amount)) fields.push([name, say("This is no amount")]); else if (must && !amount) fields.push([name, say("How much?")]); return amount; };
  const sale = () => {
    const fields = [], who = buyer.who(), form = sell.elements, { parts, change, left, wrong: isWrong } = split(), swap = isSwap();
    if (!lines.length) return { fields: [["", say("Scan a phone first")]], focus: $("scan") };
    if (lines.some(line => !line.price || Number.isNaN(line.price))) fields.push(["", say("A price is no amount")]);
    if (swap) { amountOf(sell, "given_phone_value", fields, false); amountOf(sell, "balance_paid", fields, false); for (const name of ["given_phone_brand", "given_phone_model"]) if (!form[name].value.trim()) fields.push([name, say("What is it?")]); if (!who) fields.push(["customer_id", say("A phone is taken from a customer only")]); }
    if (who && !who.id && !(who.full_name && who.phone_number)) fields.push(["customer_id", say("A new customer has a name and a number")]);
    if (isWrong) fields.push(["", say("More would be paid than is due, or this is no amount")]);
    if (fields.length) return { fields };
    const decision = form.imei_decision.value.trim() || undefined, item = line => given({ phone_id: line.phone.id, discount_amount: line.price < line.phone.value ? plain(line.phone.value - line.price) : undefined, original_price: line.price > line.phone.value ? plain(line.price) : undefined, imei_decision: decision });
    const trade = swap ? given({ given_phone_description: `${form.given_phone_brand.value.trim()} ${form.given_phone_model.value.trim()}`, given_phone_value: plain(allowed()), given_phone_brand: form.given_phone_brand.value.trim(), given_phone_model: form.given_phone_model.value.trim(), given_phone_condition: form.given_phone_condition.value, given_phone_imei: form.given_phone_imei.value.trim(), accept_loss: form.accept_loss?.checked || undefined }) : null;
    const money = parts.filter(part => part.amount > 0), isPlain = swap && lines.length === 1 && money.length < 2 && !left;
    const step = isPlain
      ? { path: "/swaps/", body: given({ ...trade, customer_id: idOf(who), new_phone_id: lines[0].phone.id, balance_paid: plain(due()), discount_amount: item(lines[0]).discount_amount, payment_method: money[0]?.method ?? "cash", payment_reference: money[0]?.reference, imei_decision: decision }) }
      : { path: "/checkouts/", body: given({ customer_id: idOf(who), lines: lines.map(item), trade_in: trade, payments: money.map(part => given({ method: part.method, amount: plain(part.amount), reference: part.reference })) }) };
    const rows = [...lines.map(line => [`${line.phone.called}${line.phone.imei ? ` · ${line.phone.imei}` : ""}`, line.price]), ...(taxed() ? [[say("Tax"), taxed()]] : []), ...(swap ? [[trade.given_phone_description, -allowed()]] : []), [say("To pay"), due(), "sum"], ...money.map(part => [say(part.method), part.given]), ...(change > 0 ? [[say("Change"), change]] : []), ...(left > 0 ? [[say("Stays due"), left]] : [])];
    return { room: isPlain ? "swaps" : "checkouts", title: lines.map(line => line.phone.called).join(", "), total: due(), rows, who: who?.full_name, steps: withCustomer(who, [{ ...step, main: true, key: key() }]), kept: { lines, parts, who, isSwap: swap }, gone: lines.map(line => line.phone.id) };
  };
  const purchase = form => {
    const fields = [], body = values(form), amount = amountOf(form, "amount", fields, true), value = amountOf(form, "value", fields, false);
    for (const name of ["brand", "model", "seller_name", "id_number"]) if (!body[name]) fields.push([name, say("This is needed")]);
    if (fields.length) return { fields };
    const step = { path: "/purchases/", body: given({ ...body, amount: plain(amount), value: value ? plain(value) : undefined }), main: true, key: key() };
    return { room: "purchases", title: `${body.brand} ${body.model}`, total: amount, who: body.seller_name, rows: [[`${body.brand} ${body.model} ${body.imei}`, amount], [`${say("Paid out")}: ${say(body.method)}`, amount, "sum"]], steps: [step], kept: {} };
  };
  const intake = form => {
    const fields = [], body = values(form), cost = amountOf(form, "cost", fields, true), deposit = amountOf(form, "deposit", fields, false), who = bringer.who();
    for (const name of ["phone_description", "issue_description"]) if (!body[name]) fields.push([name, say("This is needed")]);
    if (!who || (!who.id && !(who.full_name && who.phone_number))) fields.push(["customer_id", say("A new customer has a name and a number")]);
    if (deposit > cost) fields.push(["deposit", say("This is more than the price")]);
    if (fields.length) return { fields };
    const looked = all(form, "[name=checks]:checked").map(each => each.value).join("; ");
    const steps = [{ path: "/repairs/", body: given({ customer_id: idOf(who), phone_description: body.phone_description, issue_description: body.issue_description, cost: plain(cost), due_date: body.due_date, technician_id: Number(body.technician_id) || undefined, intake: looked }), take: "repair", main: true, key: key() }];
    if (deposit) steps.push({ path: "/repairs/$repair/payments", body: given({ amount: plain(deposit), method: body.deposit_method, reference: body.reference_r }), key: key() });
    steps.push(...photos.map(photo => ({ path: "/repairs/$repair/files", photo, key: key() })));
    return { room: "repairs", title: body.phone_description, total: deposit ?? 0, who: who.full_name, note: [body.issue_description, looked].filter(Boolean).join(" · "), rows: [[body.phone_description, cost], ...(deposit ? [[`${say("Deposit")}: ${say(body.deposit_method)}`, -deposit]] : []), [say("Stays due"), cost - (deposit ?? 0), "sum"]], steps: withCustomer(who, steps), kept: { who, photos } };
  };
  const makers = { sell: sale, buy: purchase, repair: intake };
  let busy = false;
  const finish = async name => {
    if (busy) return;
    hush();
    const form = $(`till-${name}`), order = makers[name](form);
    if (order.fields) { wrong(order.fields.filter(([field]) => !field || field === "customer_id").map(([, why]) => why).join(" "), form, order.fields.filter(([field]) => field)); order.focus?.focus(); return; }
    Object.assign(order, { id: uuid(), at: Date.now(), by: me, way: name, found: {}, kept: { ...order.kept, values: values(form) } });
    busy = true; at.setAttribute("aria-busy", "true"); all(form, ".btn-primary").forEach(each => { each.disabled = true; });
    try {
      await store("orders", "readwrite", orders => orders.put(order));
      await alone(() => posted(order, true));
      stock = stock.filter(phone => !order.gone?.includes(phone.id));
      receipt(order);
    } catch (problem) {
      if (problem.answer?.code === "imei_decision") $("till-decision").hidden = false;
      const fields = Array.isArray(problem.answer?.detail) ? problem.answer.detail.map(each => [String(each.loc.at(-1)), each.msg]) : [];
      wrong(problem.message, form, fields);
      if (problem.answer?.code === "imei_decision") sell.elements.imei_decision.focus();
      if (order.steps.some(step => step.done && step.take !== "customer")) begin(); // the rest of it waits above
      else if (order.found.customer) (name === "repair" ? bringer : buyer).reset({ ...order.kept.who, id: order.found.customer });
    } finally { busy = false; at.removeAttribute("aria-busy"); all(form, ".btn-primary").forEach(each => { each.disabled = false; }); await showQueue(); }
  };
  for (const name of ways) $(`till-${name}`).addEventListener("submit", event => { event.preventDefault(); finish(name); });
  $("till-payments").addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); finish("sell"); } });
  document.addEventListener("keydown", event => {
    if (document.getElementById("dialog").open) return;
    const keys = { F2: () => { if (way !== "sell" || !$("till-done").hidden) { if (!$("till-done").hidden) begin(); go("sell"); } $("scan").focus(); }, F4: () => { if (way === "sell") { $("till-trade").open = !$("till-trade").open; ($("till-trade").open ? sell.elements.given_phone_brand : $("scan")).focus(); } }, F8: () => (way === "repair" ? bringer : buyer).focus(), F9: () => { if ($("till-done").hidden) finish(way); } };
    if (event.key in keys && !event.ctrlKey && !event.altKey && !event.metaKey) { event.preventDefault(); keys[event.key](); }
  });

  begin(); go(ways.includes(location.hash.slice(1)) ? location.hash.slice(1) : "sell"); learn(); drain();
})();

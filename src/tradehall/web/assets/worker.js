// The pages that are there without a line: those whose answers say so are kept with what they load, for whom they were drawn and for
// nobody else. What changes anything does not go through here.
const app = new URL(self.registration.scope).pathname.replace(/\/$/, ""), version = new URL(location.href).searchParams.get("v");
const OURS = `kept ${app} `, ANY = { ignoreVary: true }, SLOW = 8000;
const leaves = path => /^\/-\/(sign-in|sign-out|enter|account\/switch)(\/|$)/.test(path.slice(app.length));
const ours = async () => (await caches.keys()).filter(each => each.startsWith(OURS));
const drop = async which => { for (const each of await ours()) if (which(each)) await caches.delete(each); };
let turn = 0;
const forget = () => { turn++; return drop(() => true); };
// Who signs out is not told here any more: somebody else may look at this screen next.
const untell = async () => { await (await self.registration.pushManager?.getSubscription())?.unsubscribe(); };
const find = async (address, how = ANY) => {
  for (const each of (await ours()).sort((one, other) => other.endsWith(version) - one.endsWith(version))) {
    const found = await (await caches.open(each)).match(address, how);
    if (found) return found;
  }
};

// A page is kept with everything that it loads, or not at all. One that was drawn for somebody else ends what was kept before.
const keep = async (address, answer, mine) => {
  const account = answer.headers.get("x-account"), name = `${OURS}${account} ${version}`;
  if (!account || mine !== turn) return "";
  if ((await ours()).some(each => !each.startsWith(`${OURS}${account} `))) { mine = ++turn; await drop(each => !each.startsWith(`${OURS}${account} `)); }
  if (!answer.ok || answer.redirected || !answer.headers.get("x-keep")) return account;
  const html = await answer.clone().text(), kept = await caches.open(name);
  const loads = new Set([...html.matchAll(/"([^"\s]*\/assets\/[^"\s#]+\?v=\w+)/g)].map(([, each]) => each));
  for (const each of loads) if (!await kept.match(each, ANY)) await kept.add(each);
  await kept.put(address, answer);
  if (mine !== turn) await caches.delete(name);
  return account;
};
const page = async event => {
  const { request } = event, address = request.url.split("#")[0], mine = turn;
  const late = new Promise(done => setTimeout(async () => { const kept = await find(address); if (kept && mine === turn) done(kept); }, SLOW));
  try {
    const asked = fetch(request);
    event.waitUntil(asked.then(answer => keep(address, answer.clone(), mine)).catch(() => {}));
    return await Promise.race([asked, late]);
  } catch {
    return await find(address) ?? await find(address, { ...ANY, ignoreSearch: true }) ?? await instead() ?? Response.error();
  }
};
const instead = async () => {
  for (const each of await ours()) {
    const first = (await (await caches.open(each)).keys()).find(({ url }) => new URL(url).pathname.startsWith(app) && !url.includes("/assets/"));
    if (first) return Response.redirect(first.url);
  }
};
// What a page wants to have here for later is fetched once for each version.
const stock = async ({ wanted, account }) => {
  const name = `${OURS}${account} ${version}`;
  for (const each of wanted) {
    const mine = turn;
    if (await caches.match(each, { ...ANY, cacheName: name })) continue;
    if (await keep(each, await fetch(each), mine) !== account) return;
  }
  await drop(each => !each.endsWith(version));
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));
self.addEventListener("message", event => event.waitUntil(stock(event.data).then(() => event.source.postMessage({ kept: true }), () => {})));
self.addEventListener("fetch", event => {
  const { request } = event, { pathname, search, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate" && leaves(pathname)) event.waitUntil(Promise.all([forget(), pathname.endsWith("/-/sign-out") && untell()]));
  else if (request.method !== "GET") return;
  else if (pathname.includes("/assets/") && search.startsWith("?v=")) event.respondWith(find(request).then(found => found ?? fetch(request)));
  else if (request.mode === "navigate" && (pathname === app || (pathname.startsWith(`${app}/`) && !pathname.startsWith(`${app}/-/`)))) event.respondWith(page(event));
});
self.addEventListener("push", event => {
  const told = (() => { try { return event.data.json(); } catch { return { message: event.data?.text() ?? "" }; } })();
  event.waitUntil(self.registration.showNotification(told.title ?? "Tradehall", { body: told.message ?? told.body ?? "", tag: told.tag, data: told, requireInteraction: Boolean(told.rings) }));
});
self.addEventListener("notificationclick", event => {
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(some => some[0]?.focus() ?? self.clients.openWindow(app)));
});

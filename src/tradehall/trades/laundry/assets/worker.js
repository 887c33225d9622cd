// What is there without a line: the pages that were looked at last, and what they load. Nothing that changes anything goes through here.
const KEPT = "wash-pages", LOADED = "wash-assets", app = new URL(self.registration.scope).pathname.replace(/\/$/, "");
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));
const page = async request => {
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) { const kept = await caches.open(KEPT); await kept.put(request.url, answer.clone()); }
    return answer;
  } catch {
    return await caches.match(request.url) ?? await caches.match(new URL(app, location).href) ?? Response.error();
  }
};
const asset = async request => {
  const found = await caches.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) { const kept = await caches.open(LOADED); await kept.put(request, answer.clone()); }
  return answer;
};
self.addEventListener("fetch", event => {
  const { request } = event, { pathname, search, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.includes("/assets/") && search.startsWith("?v=")) event.respondWith(asset(request));
  else if (request.mode === "navigate" && (pathname === app || (pathname.startsWith(`${app}/`) && !pathname.startsWith(`${app}/-/`)))) event.respondWith(page(request));
});
self.addEventListener("push", event => {
  const told = (() => { try { return event.data.json(); } catch { return { title: "KY Wash", message: event.data?.text() ?? "" }; } })();
  event.waitUntil(self.registration.showNotification(told.title ?? "KY Wash", { body: told.message ?? told.body ?? "", tag: told.tag, data: told }));
});
self.addEventListener("notificationclick", event => {
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(some => some[0]?.focus() ?? self.clients.openWindow(app)));
});

// Whether somebody is told on this telephone, also where it shows something else. A browser asks for leave only when a button is pressed.
(() => {
  const box = document.getElementById("push"), ask = `${document.documentElement.dataset.app}/-/api/api/v1/devices`;
  if (!box || !("PushManager" in window) || !("Notification" in window) || !navigator.serviceWorker) return;
  const part = name => box.querySelector(`[data-push="${name}"]`), all = ["on", "off", "blocked", "failed"];
  const show = (...names) => { for (const each of all) part(each).hidden = !names.includes(each); box.hidden = false; };
  const bytes = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), each => each.charCodeAt(0));
  const same = (one, other) => one.byteLength === other.byteLength && new Uint8Array(one).every((each, at) => each === other[at]);
  const post = async (path, body) => {
    const answer = await fetch(ask + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.said ?? String(answer.status));
  };
  const key = bytes(box.dataset.key);
  const current = async () => (await navigator.serviceWorker.ready).pushManager.getSubscription();
  const look = async () => show(Notification.permission === "denied" ? "blocked" : await current() ? "on" : "off");
  const tell = async () => {
    if (await Notification.requestPermission() !== "granted") return look();
    const { pushManager } = await navigator.serviceWorker.ready, old = await pushManager.getSubscription();
    // A key of former days is none that this installation could use.
    if (old?.options.applicationServerKey && !same(old.options.applicationServerKey, key)) await old.unsubscribe();
    const { endpoint, keys } = (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON();
    await post("", { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } });
    const way = document.querySelector("[data-ways] [value=push]");
    if (way) way.checked = true;
    show("on");
  };
  const stop = async () => {
    const found = await current();
    if (found) { await post("/forget", { endpoint: found.endpoint }); await found.unsubscribe(); }
    show("off");
  };
  box.addEventListener("click", async event => {
    const button = event.target.closest("button");
    if (!button) return;
    button.disabled = true;
    try { await (button.value === "tell" ? tell() : stop()); }
    catch (error) { part("why").textContent = error.message; show("failed", button.value === "tell" ? "off" : "on"); }
    button.disabled = false;
  });
  look();
})();

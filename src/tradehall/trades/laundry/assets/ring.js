// For who wants it: the page rings, shakes and says so until they have seen that a load is done or that a machine is offered to them.
(() => {
  const root = document.documentElement, ask = `${root.dataset.app}/-/api/api/v1`, wash = document.getElementById("wash");
  if (!wash || wash.dataset.me === "0") return;
  const KINDS = ["cycle_completed", "collect_reminder", "collect_overdue", "machine_offered"], box = document.getElementById("ring");
  const wishes = fetch(`${ask}/profile/me`).then(answer => answer.json()).then(({ preferences }) => Boolean(preferences?.rings)).catch(() => false);
  let shown = [], timer = 0, sound = null;
  const beep = () => {
    if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return; // a browser wants a tap first: it is seen meanwhile
    try {
      sound ??= new AudioContext();
      const tone = sound.createOscillator(), loud = sound.createGain(), now = sound.currentTime;
      tone.frequency.value = 880; loud.gain.setValueAtTime(.3, now); loud.gain.exponentialRampToValueAtTime(.001, now + .6);
      tone.connect(loud).connect(sound.destination); tone.start(now); tone.stop(now + .6);
    } catch { /* without a sound it is seen and felt */ }
    navigator.vibrate?.([300, 150, 300]);
  };
  const quiet = () => { clearInterval(timer); timer = 0; if (box.open) box.close(); };
  const look = async () => {
    if (!(await wishes)) return;
    const answer = await fetch(`${ask}/notifications?limit=20`).catch(() => null);
    if (!answer?.ok) return;
    shown = (await answer.json()).notifications.filter(each => !each.is_read && KINDS.includes(each.notification_type));
    if (!shown.length) { quiet(); return; }
    box.querySelector("h2").textContent = shown[0].title; box.querySelector("p").textContent = shown[0].message;
    if (!box.open) box.showModal();
    if (!timer) { beep(); timer = setInterval(beep, 2500); }
  };
  const seen = async () => {
    const some = shown;
    shown = []; quiet();
    for (const each of some) await fetch(`${ask}/notifications/${each.id}/read`, { method: "PUT" }).catch(() => {});
    document.dispatchEvent(new Event("wash:seen"));
  };
  box.querySelector("button").addEventListener("click", seen);
  box.addEventListener("cancel", event => { event.preventDefault(); seen(); });
  document.addEventListener("wash:told", look);
  look();
})();

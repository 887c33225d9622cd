// The board for a screen on the wall: what is public, live, and nobody's name.
(() => {
  const { socket, me, words } = document.body.dataset, said = JSON.parse(words), known = new Map(), lines = { washer: 0, dryer: 0 };
  const $ = id => document.getElementById(id), lang = document.documentElement.lang;
  const clock = zone => new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  let time = clock();
  let ahead = 0, wait = 500, heard = Date.now();
  const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });
  const card = each => {
    const isHeld = each.status === "available" && each.held_until && Date.parse(each.held_until) > Date.now() + ahead;
    const isOver = each.status === "in_use" && Date.parse(each.ends_at) <= Date.now() + ahead, status = isOver ? "completed" : each.status;
    const made = make("div", `machine ${status}${isHeld ? " reserved" : ""}`, "");
    const mark = isHeld ? "kept" : { available: "free", in_use: "busy", completed: "done", disabled: "out" }[status];
    made.append(make("span", "number", said[each.machine_type].replace("{number}", each.machine_id)), make("b", `how ${mark}`, isHeld ? said.held.replace("{moment}", time.format(new Date(each.held_until))) : said[status]));
    if (status === "in_use") { const seconds = Math.max(0, Math.ceil((Date.parse(each.ends_at) - Date.now() - ahead) / 1000)); made.append(make("time", "left", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`)); }
    if (each.confidence === "unknown") made.append(make("span", "sure unsure", said.unknown));
    return made;
  };
  const draw = () => {
    for (const kind of ["washer", "dryer"]) {
      const some = [...known.values()].filter(each => each.machine_type === kind).sort((one, other) => one.machine_id - other.machine_id);
      $(`${kind}s`).replaceChildren(...some.map(card));
      $(`${kind}-line`).textContent = lines[kind] ? said.waits.replace("{count}", lines[kind]) : said.none;
    }
    $("now").textContent = time.format(new Date(Date.now() + ahead));
  };
  const learn = each => { known.set(each.id, each); if (each.server_time) ahead = Date.parse(each.server_time) - Date.now(); };
  const hear = ({ event, data, machine_type: kind }) => {
    heard = Date.now();
    if (event === "snapshot") { known.clear(); if (data.zone) time = clock(data.zone); [...data.washers, ...data.dryers].forEach(learn); for (const [each, line] of Object.entries(data.waitlists)) lines[each] = line.count; }
    if (event === "machine_update") learn(data);
    if (event === "waitlist_update") lines[kind ?? data.machine_type] = data.count;
    draw();
  };
  const open = () => {
    const line = new WebSocket(new URL(socket, location.href.replace(/^http/, "ws")));
    const dead = setInterval(() => { if (Date.now() - heard > 45000) line.close(); }, 5000);
    line.onopen = () => { heard = Date.now(); line.send(JSON.stringify(me === "0" ? {} : { user_id: Number(me) })); };
    line.onmessage = ({ data }) => { wait = 500; $("cut").hidden = true; hear(JSON.parse(data)); };
    line.onclose = () => { clearInterval(dead); $("cut").hidden = false; setTimeout(open, wait + Math.random() * wait); wait = Math.min(wait * 2, 15000); };
  };
  open(); setInterval(draw, 1000); draw();
})();

// The demo page: a lobby, then a call in a grid with what the connections really do under it.

import { camera, testPattern } from "/demo-source.js";
import { LINK_WORDS, MEDIA_WORDS, WORDS, words } from "/demo-words.js";
import { join } from "/parley.js";

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const storage = { // a browser that keeps nothing (a private window, say) only forgets the name
  get name() { try { return localStorage.getItem("parley.name") ?? ""; } catch { return ""; } },
  set name(name) { try { localStorage.setItem("parley.name", name); } catch { /* forgotten */ } },
};

/** For automated tests, and for curious people at the console. */
const demo = window.parleyDemo = { room: null, errors: [] };
addEventListener("error", ({ message }) => demo.errors.push(message));
addEventListener("unhandledrejection", ({ reason }) => demo.errors.push(String(reason)));

// ---- Words ----

function notice(text) {
  $("notice-text").textContent = text;
  $("notice").hidden = !text;
  if (text) $("notice").scrollIntoView({ block: "nearest" });
}

let toastTimer;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 2_500);
}

// ---- What we send ----

let source = null; // { kind, stream, stop, wake } of what is in the preview
let sourceTurn = 0; // the latest wish; an older one that comes late is thrown away

async function useSource(kind) {
  const turn = ++sourceTurn;
  const hint = $("preview-hint");
  hint.textContent = kind === "camera" ? "Asking for the camera…" : "";
  let next;
  try {
    next = kind === "camera" ? { kind, ...await camera() } : { kind, ...testPattern() };
    hint.textContent = next.missing ?? "";
  } catch (error) {
    const why = MEDIA_WORDS[error.name] ?? `The camera does not work: ${error.message}`;
    next = { kind: "pattern", ...testPattern() };
    hint.textContent = `${why} A test pattern is sent instead.`;
    $("source-pattern").checked = true;
  }
  if (turn !== sourceTurn) return next.stop();
  source?.stop();
  source = next;
  const preview = $("preview");
  preview.srcObject = source.stream;
  preview.classList.toggle("mirrored", source.kind === "camera");
  document.body.dataset.source = source.kind;
}

// ---- The lobby ----

function suggestRoom() {
  const pick = (list) => list[Math.floor(Math.random() * list.length)];
  const [how, what] = [["amber", "brisk", "calm", "clear", "gentle", "lucky", "merry", "quiet"],
    ["garden", "harbour", "kettle", "lantern", "meadow", "otter", "river", "teapot"]];
  return `${pick(how)}-${pick(what)}-${Math.floor(Math.random() * 90 + 10)}`;
}

function roomFromAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || query.get("room") || "";
  } catch {
    return ""; // a broken escape in the address
  }
}

function invitation() {
  return `${location.origin}${location.pathname}#${$("room").value.trim()}`;
}

async function copyInvitation() {
  try {
    await navigator.clipboard.writeText(invitation());
    toast("Link copied");
  } catch {
    // No clipboard without https or permission: then by hand.
    window.prompt("Copy this link:", invitation());
  }
}

function checkRoom() {
  const good = /^[A-Za-z0-9._~-]{1,64}$/.test($("room").value.trim());
  $("room").setAttribute("aria-invalid", String(!good));
  $("copy-link").disabled = !good;
  if (good) history.replaceState(null, "", `${location.pathname}#${$("room").value.trim()}`);
  return good;
}

async function enter(event) {
  event.preventDefault();
  if (!checkRoom()) {
    notice(WORDS.bad_room);
    return $("room").focus({ preventScroll: true });
  }
  const button = $("join");
  if (button.disabled) return;
  button.disabled = true;
  button.textContent = "Joining…";
  source?.wake?.(); // sound is allowed from here on: somebody clicked
  notice("");
  try {
    const name = storage.name = $("name").value.trim();
    if (!source) await useSource("pattern"); // joined before the camera question was answered
    const room = await join($("room").value.trim(), {
      name: name || "Guest",
      token: $("token").value.trim() || undefined,
      stream: source.stream,
      iceTransportPolicy: $("relay-only").checked ? "relay" : undefined,
    });
    startCall(room);
  } catch (error) {
    demo.joinError = error.code;
    notice(words(error));
    if (!["bad_token", "token_expired", "forbidden"].includes(error.code)) return;
    $("token-row").hidden = false;
    $("token").focus();
  } finally {
    button.disabled = false;
    button.textContent = "Join";
  }
}

// ---- The call ----

const tiles = new Map(); // peer id, or "self", to { element, part(role), video }

function startCall(room) {
  demo.room = room;
  $("room-title").textContent = room.name;
  document.title = `${room.name} – Parley`;
  show("call");
  const self = addTile("self", `${$("name").value.trim() || "Guest"} (you)`);
  self.element.classList.add("self");
  self.video.muted = true; // or we would hear ourselves
  self.video.srcObject = room.stream;
  self.video.classList.toggle("mirrored", source.kind === "camera");
  self.element.dataset.state = "connected";
  self.element.dataset.video = room.stream.getVideoTracks().length ? "some" : "none";

  room.on("peer", addPeer);
  room.on("left", removePeer);
  room.on("message", heard);
  room.on("state", roomState);
  room.on("notice", (text) => notice(`From the operator: ${text}`));
  room.on("gap", () => {
    chatEvent("You were away for so long that some messages may be missing");
    tellMedia();
  });
  room.on("error", (error, peer) => {
    console.warn("parley:", error.code, error.message, peer?.id ?? "");
    if (WORDS[error.code]) notice(WORDS[error.code]);
  });
  roomState(room.state, {});
  setToggle("mic", "audio", true);
  setToggle("cam", "video", true);
  $("call").focus({ preventScroll: true });
}

function endCall(text) {
  for (const key of [...tiles.keys()]) removeTile(key);
  $("chat-log").replaceChildren();
  toggleChat(false);
  demo.room = null;
  document.title = "Parley";
  // The tracks were only silenced, never stopped: ready for the next call.
  for (const track of source.stream.getTracks()) track.enabled = true;
  show("lobby");
  notice(text);
  $("join").focus();
}

function show(view) {
  document.body.dataset.view = view;
  $("lobby").hidden = view !== "lobby";
  $("call").hidden = view !== "call";
}

function addTile(key, name) {
  const element = $("tile").content.firstElementChild.cloneNode(true);
  const part = (role) => element.querySelector(`[data-role="${role}"]`);
  element.dataset.peer = key;
  part("name").textContent = name;
  element.querySelector(".avatar").dataset.initial = [...name][0]?.toUpperCase() ?? "?";
  const tile = { element, part, video: element.querySelector("video") };
  tile.video.setAttribute("aria-label", `Video of ${name}`);
  tiles.set(key, tile);
  $("grid").append(element);
  countTiles();
  return tile;
}

function removeTile(key) {
  const tile = tiles.get(key);
  if (!tile) return;
  tile.video.srcObject = null;
  tile.element.remove();
  tiles.delete(key);
  countTiles();
}

function countTiles() {
  const count = tiles.size;
  $("grid").dataset.count = count > 4 ? "many" : String(count);
  $("people").textContent = count > 1 ? `${count} people` : "only you";
  const alone = "Nobody else is here yet. Send somebody the link of this room.";
  tiles.get("self")?.part("from").replaceChildren(count > 1 ? "" : alone);
}

function addPeer(peer) {
  const tile = addTile(peer.id, peer.name || "Guest");
  tile.video.srcObject = peer.stream;
  const look = () => {
    Object.assign(tile.element.dataset, { state: peer.state, suspended: peer.suspended });
    const away = peer.suspended ? "reconnecting…" : "";
    tile.part("state").textContent = LINK_WORDS[peer.state] || away;
    tile.element.dataset.video = peer.stream.getVideoTracks().length ? "some" : "none";
    if (peer.state === "connected" && $("notice-text").textContent === WORDS.no_candidates) {
      notice("");
    }
  };
  peer.on("state", look);
  peer.on("suspended", look);
  peer.on("track", look);
  peer.on("stats", (stats) => showStats(tile, stats));
  const kick = tile.part("kick");
  kick.hidden = !demo.room.can.includes("moderate");
  kick.setAttribute("aria-label", `Send ${peer.name || "Guest"} out`);
  kick.addEventListener("click", () => demo.room.kick(peer));
  // Echo of the data channel, for tests: what starts with "echo:" comes back.
  peer.on("data", (data) => {
    if (typeof data === "string" && data.startsWith("echo:")) peer.send(data.slice(5));
  });
  look();
  tellMedia(peer);
  chatEvent(`${peer.name || "Guest"} is here`);
}

function removePeer(peer, reason) {
  removeTile(peer.id);
  if (reason === "reconnected" || reason === "closed") return;
  chatEvent(`${peer.name || "Guest"} ${reason === "kicked" ? "was sent out" : "left"}`);
}

function roomState(state, { error, retryIn }) {
  const text = { connected: "connected", reconnecting: "reconnecting…", closed: "closed" };
  $("status").textContent = text[state] ?? state;
  $("status").dataset.state = state;
  if (state === "closed") return endCall(error ? words(error) : "");
  if (state === "reconnecting") {
    const pause = retryIn >= 1_500 ? ` in ${Math.round(retryIn / 1_000)} seconds` : "";
    const why = error.code === "room_full" ? "The room is full" : "The server is away";
    notice(`${why}; the call goes on meanwhile. Trying again${pause}…`);
  } else {
    notice("");
  }
}

/** Under each video: the way the packets take, and how much goes along it. */
function showStats({ element, part }, stats) {
  const { local, remote, relayed, bytesSent, bytesReceived, roundTripTime } = stats;
  const { sendBitrate, receiveBitrate } = stats;
  part("from").textContent = end(local);
  part("to").textContent = `→ ${end(remote)}`;
  const time = Number.isFinite(roundTripTime) ? ` · ${Math.round(roundTripTime)} ms` : "";
  const up = `↑ ${size(bytesSent)}${speed(sendBitrate)}`;
  const down = `↓ ${size(bytesReceived)}${speed(receiveBitrate)}`;
  part("bytes").textContent = `${up} ${down}${time}`;
  part("way").textContent = relayed ? "through the relay" : "directly";
  Object.assign(element.dataset, { relayed, bytesSent, bytesReceived });
}

function end({ type, protocol, relayProtocol, address, port }) {
  const host = address?.includes(":") ? `[${address}]` : address ?? "(hidden)";
  return `${type} ${relayProtocol ?? protocol} ${host}${port ? `:${port}` : ""}`;
}

function size(bytes) {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(0)} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 100_000_000 ? 1 : 0)} MB`;
}

function speed(bits) {
  return Number.isFinite(bits) ? ` (${(bits / 1_000_000).toFixed(1)} Mbit/s)` : "";
}

// ---- Mute, camera, chat ----

const sending = { audio: true, video: true };

function setToggle(id, kind, on) {
  sending[kind] = on;
  demo.room.mute(kind, !on);
  const button = $(id);
  button.setAttribute("aria-pressed", String(!on));
  button.querySelector("use").setAttribute("href", `#i-${id}${on ? "" : "-off"}`);
  showMedia(tiles.get("self"), sending);
  tellMedia();
}

/** Tells one peer, or everybody, whether we are muted; who comes while away is told on arrival. */
function tellMedia(peer) {
  if (!demo.room?.peers.size) return;
  demo.room.send({ media: { ...sending } }, peer);
}

function showMedia({ element, part }, { audio: sound, video }) {
  part("muted").toggleAttribute("hidden", sound !== false);
  element.dataset.cam = video === false ? "off" : "on";
}

function heard(data, peer) {
  const tile = tiles.get(peer.id);
  if (data?.media && tile) showMedia(tile, data.media);
  if (typeof data?.chat === "string") chatLine(peer.name || "Guest", data.chat.slice(0, 1_000));
}

function chatLine(who, text) {
  const line = document.createElement("p");
  const name = document.createElement("b");
  name.textContent = who;
  line.append(name, text);
  appendChat(line);
  if ($("chat").hidden) $("unread").hidden = false;
}

function chatEvent(text) {
  const line = document.createElement("p");
  line.className = "event";
  line.textContent = text;
  appendChat(line);
}

function appendChat(line) {
  const log = $("chat-log");
  log.append(line);
  while (log.childElementCount > 200) log.firstElementChild.remove();
  log.scrollTop = log.scrollHeight;
}

function sendChat(event) {
  event.preventDefault();
  const field = $("chat-text");
  const chat = field.value.trim();
  if (!chat) return;
  try {
    demo.room.send({ chat });
    chatLine("You", chat);
    field.value = "";
  } catch (error) {
    notice(words(error));
  }
}

function toggleChat(open = $("chat").hidden) {
  $("chat").hidden = !open;
  $("chat-toggle").setAttribute("aria-expanded", String(open));
  if (!open) return;
  $("unread").hidden = true;
  $("chat-text").focus();
}

// ---- Start ----

$("room").value = roomFromAddress() || suggestRoom();
$("name").value = query.get("name") ?? storage.name;
$("relay-only").checked = query.has("relay");
checkRoom();
$("room").addEventListener("input", checkRoom);
$("join-form").addEventListener("submit", enter);
$("copy-link").addEventListener("click", copyInvitation);
$("invite").addEventListener("click", copyInvitation);
$("notice-close").addEventListener("click", () => notice(""));
for (const kind of ["camera", "pattern"]) {
  $(`source-${kind}`).addEventListener("change", () => useSource(kind));
}
$("mic").addEventListener("click", () => setToggle("mic", "audio", !sending.audio));
$("cam").addEventListener("click", () => setToggle("cam", "video", !sending.video));
$("leave").addEventListener("click", () => demo.room.leave());
$("chat-toggle").addEventListener("click", () => toggleChat());
$("chat-form").addEventListener("submit", sendChat);
addEventListener("hashchange", () => {
  if (demo.room || !roomFromAddress()) return;
  $("room").value = roomFromAddress();
  checkRoom();
});
if (query.get("source") === "pattern") $("source-pattern").checked = true;
useSource(query.get("source") === "pattern" ? "pattern" : "camera");

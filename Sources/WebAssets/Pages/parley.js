// The Parley browser library: join a room, get peers with media and data. Its types and manual are
// in parley.d.ts; here `Room` ties one `Signaling` and many of `Peer` together.

import { EMIT, Emitter, ParleyError, temporary } from "./parley/base.js";
import { Timers } from "./parley/clock.js";
import { Peer } from "./parley/peer.js";
import { Signaling } from "./parley/signaling.js";

export { ParleyError };

const ICE_REFRESH = 0.8; // share of `iceTtl` after which we ask for new ICE servers
const SETTLED_MS = 2_000; // for news that are on their way when the server has settled
const WORDS = ["message", "kick", "close-room"]; // what a page says, and hears the errors of

export async function join(room, options = {}) {
  return new Room(room, options).opened;
}

class Room extends Emitter {
  #signaling; #options; #opening; #timers = new Timers(); #gone = new AbortController();
  #order; #relay; #networkType = navigator.connection?.type;
  #iceServers = []; #staleAt = 0; #asked = []; // those who wait for new ICE servers
  #directFailed = false; // so that we get, and keep getting, on-demand relays
  #waiting; // messages for after the ICE servers, where nothing can begin without them
  #awaited = new Set(); // peers from before a restart of the server that are not back yet

  constructor(name, options) {
    super();
    Object.assign(this, { name, id: null, state: "connecting", can: [], peers: new Map() });
    this.stream = options.stream ?? new MediaStream();
    this.opened = new Promise((resolve, reject) => this.#opening = { resolve, reject });
    this.#options = options;
    const hello = { room: name, name: options.name, token: options.token };
    const url = options.url ? new URL(options.url, location.href)
      : new URL("/signal", import.meta.url); // the server that this library came from
    this.#signaling = new Signaling(url.href.replace(/^http/, "ws"), hello, {
      joined: (message, lost) => this.#joined(message, lost),
      message: (message) => this.#receive(message),
      error: (error, request) => this.#refused(error, request?.type),
      waiting: (retryIn, error) => this.#setState("reconnecting", error, retryIn),
      closed: (error) => this.#closed(error),
    });
    this.#listen();
  }

  /** A handler for "peer" also gets everybody who is here already. */
  on(event, handler) {
    if (event === "peer") {
      const greet = (peer) => this.peers.get(peer.id) === peer && handler(peer);
      for (const peer of this.peers.values()) queueMicrotask(() => greet(peer));
    }
    return super.on(event, handler);
  }

  send(data, to) { this.#say({ type: "message", data, to: to?.id ?? to }, "message"); }

  kick(peer, reason) { this.#say({ type: "kick", peer: peer?.id ?? peer, reason }, "moderate"); }
  close(reason) { this.#say({ type: "close-room", reason }, "moderate"); }

  addTrack(track) {
    this.stream.addTrack(track);
    this.#follow(track);
    for (const { connection } of this.peers.values()) connection.addTrack(track, this.stream);
  }

  removeTrack(track) {
    this.stream.removeTrack(track);
    this.#senders(track).forEach(([sender, connection]) => connection.removeTrack(sender));
  }

  async replaceTrack(track, replacement) {
    this.stream.removeTrack(track);
    this.stream.addTrack(replacement);
    this.#follow(replacement);
    await Promise.all(this.#senders(track).map(([sender]) => sender.replaceTrack(replacement)));
  }

  async setDevice(kind, deviceId) {
    let track;
    try {
      const wanted = { [kind]: deviceId ? { deviceId: { exact: deviceId } } : true };
      [track] = (await navigator.mediaDevices.getUserMedia(wanted)).getTracks();
    } catch (cause) {
      throw temporary("device", `There is no ${kind} to be had.`, cause);
    }
    if (this.state === "closed") track.stop();
    const old = this.stream.getTracks().find((each) => each.kind === kind);
    track.enabled = old?.enabled ?? true;
    if (old) await this.replaceTrack(old, track);
    else this.addTrack(track);
    old?.stop();
    return track;
  }

  mute(kind, muted = true) {
    for (const track of this.stream.getTracks()) if (track.kind === kind) track.enabled = !muted;
  }

  reconnect() { this.#signaling.reconnect(); }
  leave() { this.#signaling.leave(); }

  #say(message, right) {
    if (this.state === "closed") throw new ParleyError("closed", "The room was left.");
    if (!this.can.includes(right)) throw new ParleyError("not_permitted", `You may not ${right}.`);
    this.#signaling.send(message);
  }

  #senders(track) {
    return [...this.peers.values()].flatMap(({ connection }) =>
      connection.getSenders().filter((s) => s.track === track).map((s) => [s, connection]));
  }

  #setState(state, error, retryIn) {
    this.state = state;
    this[EMIT]("state", state, { error, retryIn });
  }

  #joined(message, lost) {
    const { peer, role, order, can, limits, relay, resumed } = message;
    // The others know a new session of ours by a new name and have dropped the old connections.
    if (!resumed) this.#remove("reconnected", ...this.peers.keys());
    Object.assign(this, { id: peer, role, can, limits });
    this.#order = order;
    this.#relay = relay;
    const relayOnly = this.#config().iceTransportPolicy === "relay";
    if (relayOnly && relay === "never") {
      return this.#signaling.leave(new ParleyError("no_relay", "There is no relay."));
    }
    this.#directFailed ||= relayOnly;
    if (!resumed) this.#waiting = relayOnly && relay === "on-demand" ? [] : null;
    if (this.#directFailed && relay === "on-demand") this.#ask();
    else this.#useIce(message);
    this.#setState("connected");
    this.#receive(message);
    const words = lost.filter(({ type }) => WORDS.includes(type)).length;
    if (!words) return;
    this[EMIT]("error", temporary("undelivered", `${words} messages may not have arrived.`));
  }

  #receive(message) {
    const { type, from, peers, gap, settling } = message;
    if (type === "ice") return this.#useIce(message);
    if (this.#waiting) return this.#waiting.push(message);
    const peer = this.peers.get(from);
    switch (type) {
      case "joined":
        if (peers) this.#snapshot(peers, gap, settling);
        if (gap) this[EMIT]("gap", gap);
        if (message.restartIce) this.#restart();
        return this.#opening.resolve(this);
      case "presence": return message.changes.forEach((change) => this.#changed(change));
      case "message": return peer && this[EMIT]("message", message.data, peer);
      case "notice": return this[EMIT]("notice", message.text);
      default: return peer?.receive(message);
    }
  }

  #refused(error, type) {
    if (type === "ice") this.#answered();
    // A signal that crossed with somebody's leaving is no news: `left` tells.
    if (error.code !== "no_such_peer" || WORDS.includes(type)) this[EMIT]("error", error);
  }

  #snapshot(peers, gap, settling) {
    this.#awaited = new Set(this.peers.keys());
    for (const info of peers) this.#changed(info, gap);
    if (gap !== "restart") return this.#remove("unknown", ...this.#awaited);
    for (const id of this.#awaited) this.peers.get(id).suspend(true);
    this.#timers.set("settled", settling + SETTLED_MS,
      () => this.#remove("timeout", ...this.#awaited));
  }

  /** A line of `presence`, or of a snapshot. */
  #changed(info, gap) {
    const { peer: id, state } = info;
    const known = this.peers.get(id);
    const awaited = this.#awaited.delete(id);
    if (state === "left") return this.#remove(info.reason, id);
    if (!known) return info.order && this.#add(info);
    known.suspend(state === "suspended");
    // Whoever is back may have missed our signals; with a gap of ours we may have missed theirs.
    if (gap || state === "resumed") known.heal(gap || awaited);
  }

  #add(info) {
    if (this.state === "closed") return; // left by a handler, just now
    const peer = new Peer(info, {
      order: this.#order, stream: this.stream, data: this.#options.data ?? true,
      config: () => this.#config(), signal: (message) => this.#signal(message),
      servers: (directFailed) => this.#servers(directFailed),
      onDemand: () => this.#relay === "on-demand" && !this.#directFailed,
    });
    this.peers.set(peer.id, peer);
    peer.on("error", (error) => this[EMIT]("error", error, peer));
    this[EMIT]("peer", peer);
  }

  #remove(reason, ...ids) {
    for (const id of ids) {
      const peer = this.peers.get(id);
      this.peers.delete(id);
      peer?.close(reason);
      if (peer) this[EMIT]("left", peer, reason);
    }
  }

  #signal(message) {
    if (message.to && !this.can.includes("signal")) return;
    try { this.#signaling.send(message); } catch (error) { this[EMIT]("error", error); }
  }

  #config() {
    const policy = this.#options.iceTransportPolicy ?? (this.#relay === "always" ? "relay" : "all");
    // One transport for everything: one relay address per pair instead of three.
    const bundlePolicy = "max-bundle";
    return { iceServers: this.#iceServers, iceTransportPolicy: policy, bundlePolicy };
  }

  #ask() { this.#signal({ type: "ice", relay: this.#directFailed || undefined }); }

  /** ICE servers that still work, with a relay when the direct way has failed. */
  #servers(directFailed) {
    const relay = directFailed && this.#relay === "on-demand" && !this.#directFailed;
    if (!relay && Date.now() < this.#staleAt) return;
    this.#directFailed ||= relay;
    this.#ask();
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  /** New ICE servers: for the connections to come, and for restarts of those that there are. */
  #useIce({ iceServers, iceTtl }) {
    this.#iceServers = iceServers;
    this.#staleAt = Date.now() + iceTtl;
    this.#timers.set("ice", iceTtl * ICE_REFRESH, () => this.#ask());
    for (const { connection } of this.peers.values()) connection.setConfiguration(this.#config());
    this.#answered();
  }

  #answered() {
    const [asked, waiting] = [this.#asked.splice(0), this.#waiting ?? []];
    this.#waiting = null;
    for (const resolve of asked) resolve();
    for (const message of waiting) this.#receive(message);
  }

  #listen() {
    const listen = (target, event, handler) =>
      target?.addEventListener(event, handler, { signal: this.#gone.signal });
    listen(globalThis, "pagehide", ({ persisted }) => persisted || this.leave());
    listen(globalThis, "online", () => this.#moved());
    listen(document, "visibilitychange", () => document.hidden || this.#signaling.nudge());
    listen(navigator.connection, "change", () => {
      const { type } = navigator.connection; // the event also comes for a change of speed
      if (type !== this.#networkType) this.#moved();
      this.#networkType = type;
    });
    listen(navigator.mediaDevices, "devicechange", () => this.stream.getTracks()
      .filter(({ readyState }) => readyState === "ended").forEach((track) => this.#revive(track)));
    for (const track of this.stream.getTracks()) this.#follow(track);
  }

  #moved() {
    this.#signaling.nudge();
    this.#restart();
  }

  #restart() { for (const peer of this.peers.values()) peer.restart(); }

  /** `ended` comes when a device is taken away, not when a page stops the track. */
  #follow(track) {
    const ended = () => this.stream.getTracks().includes(track) && this.#revive(track);
    track.addEventListener("ended", ended, { signal: this.#gone.signal });
  }

  /** Another device for a track whose own is gone; if there is none, `devicechange` may tell. */
  async #revive(track) {
    const { deviceId, displaySurface } = track.getSettings();
    if (!deviceId || displaySurface || this.#options.followDevices === false) return;
    await this.setDevice(track.kind).catch((error) => this[EMIT]("error", error));
  }

  #closed(error) {
    this.#gone.abort();
    this.#timers.clear();
    this.#remove("closed", ...this.peers.keys());
    this.#opening.reject(error ?? new ParleyError("left", "The room was left."));
    this.#setState("closed", error);
  }
}

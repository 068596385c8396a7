// The Parley browser library: join a room, get peers with media and data. Types: parley.d.ts.
//
//   import { join } from "/parley.js";
//   const room = await join("tea", { name: "Ann", stream });
//   room.on("peer", (peer) => { video.srcObject = peer.stream; });
//
// `Room`, the one a page holds, ties two others together: `Signaling` keeps one numbered WebSocket
// alive, `Peer` negotiates one RTCPeerConnection.

import { EMIT, Emitter, ParleyError, temporary } from "./parley/base.js";
import { Peer } from "./parley/peer.js";
import { Signaling } from "./parley/signaling.js";

export { ParleyError };

const ICE_REFRESH = 0.8; // share of `iceTtl` after which we ask for new ICE servers

/** Joins a room; resolves once the server let us in, rejects with a ParleyError. */
export async function join(room, options = {}) {
  return new Room(room, options).opened;
}

/** What `join` gives. */
class Room extends Emitter {
  #signaling; #options;
  #iceServers = []; #iceTimer; #iceStaleAt = 0; #relay; #opening;
  #order = 0; #stale = new Set(); // connections that wait for new ICE servers to be restarted

  constructor(name, options) {
    super();
    Object.assign(this, { name, id: null, state: "connecting", peers: new Map() });
    this.stream = options.stream ?? new MediaStream();
    this.opened = new Promise((resolve, reject) => this.#opening = { resolve, reject });
    this.#options = options;
    const hello = { room: name, name: options.name, token: options.token };
    const url = options.url ? new URL(options.url, location.href)
      : new URL("/signal", import.meta.url); // the server that this library came from
    this.#signaling = new Signaling(url.href.replace(/^http/, "ws"), hello, {
      joined: (message) => this.#joined(message),
      message: (message) => this.#receive(message),
      // A signal that crossed with somebody's leaving is no news: `presence` tells.
      error: (error, request) => (error.code === "no_such_peer" && request?.type !== "message") ||
        this[EMIT]("error", error),
      waiting: (retryIn, error) => this.#setState("reconnecting", error, retryIn),
      closed: (error) => this.#closed(error),
    });
    addEventListener("pagehide", this.#pageGone);
  }

  /** As usual, and a handler for "peer" also gets everybody who is here already. */
  on(event, handler) {
    if (event === "peer") {
      const greet = (peer) => this.peers.get(peer.id) === peer && handler(peer);
      for (const peer of this.peers.values()) queueMicrotask(() => greet(peer));
    }
    return super.on(event, handler);
  }

  /** Sends any JSON value through the server to everybody, or to one peer. */
  send(data, to) {
    if (this.state === "closed") throw new ParleyError("closed", "The room was left.");
    if (this.state !== "connected") throw temporary("not_connected", "The server is away.");
    this.#signaling.send({ type: "message", data, to: to?.id ?? to });
  }

  addTrack(track) {
    this.stream.addTrack(track);
    for (const { connection } of this.peers.values()) connection.addTrack(track, this.stream);
  }

  removeTrack(track) {
    this.stream.removeTrack(track);
    this.#senders(track).forEach(([sender, connection]) => connection.removeTrack(sender));
  }

  async replaceTrack(track, replacement) {
    this.stream.removeTrack(track);
    this.stream.addTrack(replacement);
    await Promise.all(this.#senders(track).map(([sender]) => sender.replaceTrack(replacement)));
  }

  /** Silences or darkens what we send; the camera or microphone itself stays open. */
  mute(kind, muted = true) {
    for (const track of this.stream.getTracks()) if (track.kind === kind) track.enabled = !muted;
  }

  reconnect() { this.#signaling.reconnect(); }
  leave() { this.#signaling.leave(); }

  #senders(track) {
    return [...this.peers.values()].flatMap(({ connection }) =>
      connection.getSenders().filter((s) => s.track === track).map((s) => [s, connection]));
  }

  #setState(state, error, retryIn) {
    this.state = state;
    this[EMIT]("state", state, { error, retryIn });
  }

  #joined(message) {
    // The others know a new session of ours by a new name and have dropped the old connections.
    if (!message.resumed) this.#remove("reconnected", ...this.peers.values());
    Object.assign(this, { id: message.peer, limits: message.limits });
    this.#order = message.order;
    this.#relay = message.relay;
    if (this.#config().iceTransportPolicy === "relay" && message.relay === "never") {
      const error = new ParleyError("no_relay", "Only a relay is wanted, and there is none.");
      return this.#signaling.leave(error);
    }
    this.#useIce(message);
    this.#setState("connected");
    if (!message.resumed) for (const info of message.peers) this.#add(info);
    this.#opening.resolve(this);
  }

  #receive(message) {
    const peer = this.peers.get(message.from ?? message.peer);
    switch (message.type) {
      case "presence": return message.changes.forEach((change) => this.#change(change));
      case "message": return peer && this[EMIT]("message", message.data, peer);
      case "ice": return this.#useIce(message);
      default: return peer?.receive(message);
    }
  }

  #change(change) {
    const peer = this.peers.get(change.peer);
    if (!peer && change.state !== "left") this.#add(change);
    if (peer && change.state === "left") this.#remove(change.reason, peer);
  }

  #add(info) {
    if (this.state === "closed") return; // left by a handler, just now
    const peer = new Peer({ ...info, polite: this.#order > info.order }, {
      stream: this.stream, data: this.#options.data ?? true,
      config: () => this.#config(), signal: (message) => this.#signal(message),
      restart: (connection) => this.#restart(connection),
    });
    this.peers.set(peer.id, peer);
    peer.on("error", (error) => this[EMIT]("error", error, peer));
    this[EMIT]("peer", peer);
  }

  #signal(message) {
    try { this.#signaling.send(message); } catch (error) { this[EMIT]("error", error); }
  }

  #remove(reason, ...peers) {
    for (const peer of peers) {
      this.peers.delete(peer.id);
      peer.close(reason);
      this[EMIT]("left", peer, reason);
    }
  }

  #config() {
    const policy = this.#options.iceTransportPolicy ?? (this.#relay === "always" ? "relay" : "all");
    // One transport for everything: one relay address per pair instead of three.
    const bundlePolicy = "max-bundle";
    return { iceServers: this.#iceServers, iceTransportPolicy: policy, bundlePolicy };
  }

  /** New ICE servers: for the connections to come, and for restarts of those that there are. */
  #useIce({ iceServers, iceTtl }) {
    this.#iceServers = iceServers;
    this.#iceStaleAt = Date.now() + iceTtl;
    clearTimeout(this.#iceTimer);
    const ask = () => this.#signal({ type: "ice" });
    this.#iceTimer = setTimeout(ask, Math.min(iceTtl * ICE_REFRESH, 2 ** 31 - 1));
    for (const { connection } of this.peers.values()) {
      connection.setConfiguration(this.#config());
      if (this.#stale.has(connection)) connection.restartIce();
    }
    this.#stale.clear();
  }

  /** A connection failed. Its restart needs credentials that still work (after a sleep, say). */
  #restart(connection) {
    if (Date.now() < this.#iceStaleAt) return connection.restartIce();
    this.#stale.add(connection);
    this.#signal({ type: "ice" });
  }

  #pageGone = ({ persisted }) => persisted || this.leave();

  #closed(error) {
    removeEventListener("pagehide", this.#pageGone);
    clearTimeout(this.#iceTimer);
    this.#remove("closed", ...this.peers.values());
    this.#opening.reject(error ?? new ParleyError("left", "The room was left."));
    this.#setState("closed", error ?? undefined);
  }
}

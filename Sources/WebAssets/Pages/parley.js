// The Parley browser library: join a room, get peers with media and data. Types: parley.d.ts.
//
//   import { join } from "/parley.js";
//   const room = await join("tea", { name: "Ann", stream });
//   room.on("peer", (peer) => { video.srcObject = peer.stream; });
//
// Three classes do the work: `Signaling` keeps one numbered WebSocket alive, `Peer` negotiates one
// RTCPeerConnection, and `Room`, the one a page holds, ties them together.

const CONNECT_MS_MAX = 10_000; // from opening the socket to `joined`
const BACKOFF_MS = { first: 500, max: 15_000 };
const STABLE_MS = 10_000; // a connection that lived this long starts the backoff anew
const OFFER_HOLD_MS = 1_000; // how long who was here first waits for the newcomer's offer
const GATHER_AGAIN_MS = 5_000; // pause after a gathering that gave no candidate
const EARLY_CANDIDATES_MAX = 256;
const QUEUE_MAX = 1_024; // messages waiting to be sent, or sent and not acknowledged
const PACE = 0.8; // share of the server's rate limit that we allow ourselves
const ICE_REFRESH = 0.8; // share of `iceTtl` after which we ask for new ICE servers
const FAULTS = [1002, 1003, 1007, 1008, 1009, 1010]; // close codes for a fault of ours
const TOLD = [4003, 4004, 4102, 4103]; // close codes that an `error` before them explains

/** Everything that goes wrong is one of these: `code` is stable, `message` is for people. */
export class ParleyError extends Error {
  constructor(code, message, { temporary = false, retryAfter, cause } = {}) {
    super(message, { cause });
    Object.assign(this, { name: "ParleyError", code, temporary, retryAfter });
  }
}

const temporary = (code, text, cause) => new ParleyError(code, text, { temporary: true, cause });

/** Joins a room; resolves once the server let us in, rejects with a ParleyError. */
export async function join(room, options = {}) {
  return new Room(room, options).opened;
}

const EMIT = Symbol("emit"); // so that only this module can emit

class Emitter {
  #handlers = new Set();

  /** Calls `handler` at each `event`; returns a function that ends this. */
  on(event, handler) {
    const entry = { event, handler };
    this.#handlers.add(entry);
    return () => this.#handlers.delete(entry);
  }

  [EMIT](event, ...details) {
    const handlers = [...this.#handlers].filter((entry) => entry.event === event);
    if (event === "error" && !handlers.length) console.warn("parley:", ...details);
    for (const { handler } of handlers) {
      // A page's mistake in one handler must not stop the call.
      try { handler(...details); } catch (error) { reportError(error); }
    }
  }
}

/** The signaling connection: numbering, heartbeats, pacing, and coming back after a cut. */
class Signaling {
  #url; #hello; #on;
  #socket = null; #session = null; #wasJoined = false; #done = false;
  #joinedAt = 0; // 0 while there is no joined connection
  #told = null; // the last `error` of this connection
  #sent = 0; // number of the last message sent
  #received = 0; // number of the last message received
  #unacked = []; // numbered, not acknowledged yet: needed for a resume and when rate limited
  #queue = []; // not numbered yet
  #limits = { messagesPerSecond: 50, burst: 200, messageBytes: 65_536 };
  #tokens = 0; #refilledAt = 0; #heardAt = 0; #pingedAt = 0;
  #attempt = 0; #timers = {};

  /** `on` has joined, message, error (with what it answers), waiting (for how long) and closed. */
  constructor(url, hello, on) {
    this.#url = url; this.#hello = hello; this.#on = on;
    this.#connect();
    addEventListener("online", this.#retryNow);
  }

  send(message) {
    // `seq` is added later and is at most 16 digits.
    const bytes = new TextEncoder().encode(JSON.stringify(message)).length + 32;
    const { messageBytes } = this.#limits;
    if (bytes > messageBytes) throw new ParleyError("too_large", "The message is too large.");
    if (this.#queue.length >= QUEUE_MAX) throw temporary("too_fast", "Too much waits to be sent.");
    this.#queue.push(message);
    this.#pump();
  }

  /** Says good-bye and stays away; `error` says why, when nobody asked for it. */
  leave(error = null) {
    if (this.#joinedAt) this.#write({ type: "leave" });
    this.#finish(error);
  }

  /** Gives the connection up and makes a new one, for instance after a change of networks. */
  reconnect() {
    if (this.#joinedAt) this.#comeBack(temporary("lost", "The connection was given up."));
    this.#retryNow();
  }

  #connect() {
    const socket = this.#socket = new WebSocket(this.#url, "parley.v1");
    this.#told = null;
    socket.onopen = () => {
      const resume = this.#session ? { session: this.#session, ack: this.#received } : undefined;
      socket.send(JSON.stringify({ type: "join", seq: 1, ...this.#hello, resume }));
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.#closed(code);
    this.#timers.connect = setTimeout(
      () => this.#comeBack(temporary("unreachable", "The server is silent.")), CONNECT_MS_MAX);
  }

  /** Ends the pause before the next attempt, also when the machine is online again. */
  #retryNow = () => {
    if (!this.#timers.retry) return;
    clearTimeout(this.#timers.retry);
    this.#timers = {};
    this.#connect();
  };

  #receive(text) {
    let message;
    try { message = JSON.parse(text); } catch { message = null; }
    if (typeof message?.type !== "string") return this.#broken("The server sent no message.");
    this.#heardAt = performance.now();
    while (this.#unacked[0]?.seq <= message.ack) this.#unacked.shift();
    if (message.type === "joined") return this.#joined(message);
    if (this.#joinedAt) {
      const next = this.#received + (message.type === "pong" ? 0 : 1);
      if (message.seq > next) return this.#broken("A message is missing.");
      if (message.seq < next || message.type === "pong") return; // seen before, or no news
      this.#received = message.seq;
    }
    if (message.type !== "error") return this.#on.message(message);
    const request = this.#unacked.find(({ seq }) => seq === message.re);
    if (message.code === "rate_limited" && request) return this.#again(request, message.retryAfter);
    this.#told = new ParleyError(message.code, message.message, message);
    if (this.#joinedAt) this.#on.error(this.#told, request);
  }

  #joined(message) {
    clearTimeout(this.#timers.connect);
    this.#wasJoined = true;
    this.#joinedAt = this.#refilledAt = performance.now();
    this.#session = message.session;
    this.#limits = { ...this.#limits, ...message.limits };
    this.#tokens = this.#limits.burst * PACE;
    if (message.resumed) {
      // The session goes on: what did not arrive goes out once more, under its old numbers.
      for (const old of this.#unacked) this.#socket.send(JSON.stringify(old));
    } else {
      // A new session: what was under way was meant for peers who no longer know us.
      [this.#sent, this.#received, this.#unacked, this.#queue] = [1, message.seq, [], []];
    }
    this.#pingedAt = 0;
    this.#timers.ping = setInterval(() => this.#ping(), message.heartbeat * 0.8);
    this.#on.joined(message);
    this.#pump();
  }

  #ping() {
    const silent = this.#pingedAt > this.#heardAt;
    if (silent) return this.#comeBack(temporary("lost", "The server fell silent."));
    this.#pingedAt = performance.now();
    this.#socket.send(JSON.stringify({ type: "ping", seq: this.#sent, ack: this.#received }));
  }

  /** Sends what waits, no faster than the server allows: a big room must not trip its limits. */
  #pump() {
    clearTimeout(this.#timers.pump);
    if (!this.#joinedAt) return;
    const perMs = (this.#limits.messagesPerSecond / 1_000) * PACE;
    const now = performance.now();
    const tokens = this.#tokens + (now - this.#refilledAt) * perMs;
    this.#tokens = Math.min(tokens, this.#limits.burst * PACE);
    this.#refilledAt = now;
    while (this.#queue.length && this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#write(this.#queue.shift());
    }
    if (this.#queue.length) this.#timers.pump = setTimeout(() => this.#pump(), 1 / perMs);
  }

  #write({ type, ...members }) {
    const message = { type, seq: ++this.#sent, ...members };
    this.#unacked.push(message);
    if (this.#unacked.length > QUEUE_MAX) {
      // Too much for a gapless resume: forget the session rather than lose messages unnoticed.
      this.#unacked.shift();
      this.#session = null;
    }
    this.#socket.send(JSON.stringify(message));
  }

  /** A rate-limited message was not delivered: it goes out again, as a new one. */
  #again({ seq, ...message }, retryAfter = 1_000) {
    const socket = this.#socket;
    setTimeout(() => {
      if (this.#socket !== socket || !this.#joinedAt) return; // its session is over
      this.#queue.unshift(message);
      this.#pump();
    }, retryAfter);
  }

  /** What the server says makes no sense: start over, without the session. */
  #broken(why) {
    this.#session = null;
    this.#comeBack(temporary("protocol", why));
  }

  #closed(code) {
    const closing = closeError(code);
    const error = (!this.#joinedAt || TOLD.includes(code) ? this.#told : null) ?? closing;
    if (error.temporary && closing.temporary) this.#comeBack(error);
    else this.#finish(error);
  }

  #comeBack(error) {
    this.#detach();
    // The first join reports its failure instead, so that the page can tell the person at once.
    if (!this.#wasJoined) return this.#finish(error);
    if (this.#joinedAt && performance.now() - this.#joinedAt > STABLE_MS) this.#attempt = 0;
    this.#joinedAt = 0;
    const ceiling = Math.min(BACKOFF_MS.max, BACKOFF_MS.first * 2 ** this.#attempt++);
    // Full jitter: after a restart of the server not everybody returns in the same instant.
    const delay = (error.retryAfter ?? 0) + Math.random() * ceiling;
    this.#timers.retry = setTimeout(this.#retryNow, delay);
    this.#on.waiting(delay, error);
  }

  #finish(error) {
    if (this.#done) return;
    this.#done = true;
    this.#detach();
    this.#joinedAt = 0;
    removeEventListener("online", this.#retryNow);
    this.#on.closed(error);
  }

  #detach() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    Object.assign(this.#socket, { onopen: null, onmessage: null, onclose: null }).close();
  }
}

const CLOSES = {
  1001: ["stopping", "The server is being restarted."],
  4001: ["timeout", "The server heard nothing from here."],
  4002: ["slow", "The connection here is too slow."],
  4003: ["flood", "Too many messages were sent."],
  4101: ["replaced", "Another connection took this one's place."],
};

function closeError(code) {
  const final = FAULTS.includes(code) || (code >= 4100 && code < 4200);
  const other = final ? ["protocol", `The server closed the connection with ${code}.`]
    : ["unreachable", "The server cannot be reached."];
  return new ParleyError(...(CLOSES[code] ?? other), { temporary: !final });
}

/** One other person: perfect negotiation over one RTCPeerConnection and one data channel. */
class Peer extends Emitter {
  #room; #pc; #hold; #retry;
  #makingOffer = false; #described = false; #gathered = false; #gone = false;
  #ignoring = false; // the last offer was ignored, so its candidates have no place to go
  #early = []; // candidates that came before their description
  #inbox = Promise.resolve(); // signals are handled one after the other
  #generation; // ICE username fragment of the last local candidate

  /** `room` gives signal(message), config(), restart(connection), stream and data. */
  constructor({ peer, name, polite }, room) {
    super();
    Object.assign(this, { id: peer, name: name ?? "", polite, stream: new MediaStream() });
    this.#room = room;
    const pc = this.#pc = this.connection = new RTCPeerConnection(room.config());
    pc.onnegotiationneeded = () => this.#negotiationNeeded();
    pc.onicecandidate = ({ candidate }) => this.#localCandidate(candidate);
    // 701 only says that one of several ways to a server did not work, and comes often.
    pc.onicecandidateerror = ({ errorCode, errorText, url }) => errorCode === 701 ||
      this.#failed("ice_server", `${url} answered ${errorCode} ${errorText}`);
    pc.ontrack = (event) => this.#remoteTrack(event);
    pc.onconnectionstatechange = () => {
      this[EMIT]("state", pc.connectionState);
      if (pc.connectionState === "failed") room.restart(pc);
    };
    for (const track of room.stream.getTracks()) pc.addTrack(track, room.stream);
    this.channel = null;
    if (!room.data) return;
    // Negotiated with a fixed id: both sides have it at once and no offer has to carry it.
    this.channel = pc.createDataChannel("parley", { negotiated: true, id: 0 });
    this.channel.binaryType = "arraybuffer";
    this.channel.onopen = () => this[EMIT]("open");
    this.channel.onmessage = ({ data }) => this[EMIT]("data", data);
  }

  get state() { return this.#pc.connectionState; }

  /** Sends text or bytes straight to this peer. */
  send(data) {
    if (this.channel?.readyState !== "open") throw temporary("not_open", "No open data channel.");
    this.channel.send(data);
  }

  /** What the selected candidate pair is and has carried, or null while there is none. */
  async stats() {
    const report = await this.#pc.getStats();
    const all = [...report.values()];
    const transport = all.find(({ selectedCandidatePairId }) => selectedCandidatePairId);
    // Firefox has no transport statistics but marks the pair itself.
    const pair = report.get(transport?.selectedCandidatePairId) ?? all.find((s) => s.selected);
    const local = report.get(pair?.localCandidateId);
    const remote = report.get(pair?.remoteCandidateId);
    if (!local || !remote) return null;
    const end = ({ candidateType: type, protocol, relayProtocol, address, port, url }) =>
      ({ type, protocol, relayProtocol, address, port, url });
    const { bytesSent, bytesReceived, packetsSent, packetsReceived } = pair;
    const relayed = [local, remote].some(({ candidateType }) => candidateType === "relay");
    const counts = { bytesSent, bytesReceived, packetsSent, packetsReceived };
    const roundTripTime = pair.currentRoundTripTime * 1_000;
    return { local: end(local), remote: end(remote), relayed, roundTripTime, ...counts };
  }

  /** For the room: a signal of this peer. */
  receive(message) {
    const { type, candidate, usernameFragment } = message;
    this.#inbox = this.#inbox.then(() => {
      if (this.#gone) return;
      if (type === "offer" || type === "answer") return this.#description(message);
      if (type === "candidate") return this.#candidate(candidate);
      if (type === "end-of-candidates") return this.#candidate({ candidate: "", usernameFragment });
    }).catch((cause) => this.#failed("negotiation", `Cannot use the ${type}.`, cause));
  }

  /** For the room: the end. */
  close(reason) {
    if (this.#gone) return;
    this.#gone = true;
    for (const timer of [this.#hold, this.#retry]) clearTimeout(timer);
    this.#pc.close();
    this[EMIT]("left", reason);
  }

  #failed(code, text, cause) {
    if (!this.#gone) this[EMIT]("error", temporary(code, text, cause));
  }

  #negotiationNeeded() {
    // Both sides would offer at once when somebody joins, and the loser of that glare would have
    // allocated a relay address for nothing. So the newcomer, who is polite, goes first.
    if (this.polite || this.#described) return this.#offer();
    const quiet = () => this.#pc.signalingState === "stable" && !this.#described;
    this.#hold ??= setTimeout(() => quiet() && this.#offer(), OFFER_HOLD_MS);
  }

  async #offer() {
    try {
      this.#makingOffer = true;
      await this.#pc.setLocalDescription();
      this.#sendDescription();
    } catch (cause) {
      this.#failed("negotiation", "Cannot make an offer.", cause);
    } finally {
      this.#makingOffer = false;
    }
  }

  #sendDescription() {
    const { type, sdp } = this.#pc.localDescription ?? {};
    if (type && !this.#gone) this.#room.signal({ type, to: this.id, sdp });
  }

  #localCandidate(candidate) {
    if (candidate?.candidate) {
      this.#generation = candidate.usernameFragment ?? undefined;
      this.#gathered = true;
      this.#room.signal({ type: "candidate", to: this.id, candidate: candidate.toJSON() });
    }
    // An empty candidate (some browsers send one before the null) says the same as the null.
    if (candidate !== null) return;
    const usernameFragment = this.#generation;
    this.#room.signal({ type: "end-of-candidates", to: this.id, usernameFragment });
    if (!this.#gathered && this.state !== "connected") {
      // With not one candidate a browser stays at `new` for ever, so the retry is up to us.
      this.#failed("no_candidates", "No relay and no address could be had.");
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#room.restart(this.#pc), GATHER_AGAIN_MS);
    }
    this.#gathered = false;
  }

  #remoteTrack({ track, streams }) {
    this.stream.addTrack(track);
    for (const stream of streams) {
      stream.onremovetrack = (event) => this.stream.removeTrack(event.track);
    }
    this[EMIT]("track", track);
  }

  async #description({ type, sdp }) {
    const pc = this.#pc;
    // The answer to an offer that we have taken back meanwhile.
    if (type === "answer" && pc.signalingState !== "have-local-offer") return;
    const collision = type === "offer" && (this.#makingOffer || pc.signalingState !== "stable");
    this.#ignoring = collision && !this.polite;
    if (this.#ignoring) return;
    clearTimeout(this.#hold);
    await pc.setRemoteDescription({ type, sdp }); // rolls our own offer back when polite
    this.#described = true;
    if (type === "offer") {
      await pc.setLocalDescription();
      this.#sendDescription();
    }
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
  }

  async #candidate(candidate) {
    if (!this.#pc.remoteDescription) {
      const full = this.#early.length >= EARLY_CANDIDATES_MAX;
      if (!full && !this.#ignoring) this.#early.push(candidate);
      return;
    }
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (cause) {
      // Of an ignored offer nothing fits; and the end of candidates is only a hint.
      if (this.#ignoring || !candidate?.candidate) return;
      this.#failed("bad_candidate", "A candidate was not accepted.", cause);
    }
  }
}

/** What `join` gives. */
class Room extends Emitter {
  #signaling; #options;
  #iceServers = []; #iceTimer; #iceStaleAt = 0; #relay; #opening;
  #stale = new Set(); // connections that wait for new ICE servers to be restarted

  constructor(name, options) {
    super();
    Object.assign(this, { name, id: null, state: "connecting", peers: new Map() });
    this.stream = options.stream ?? new MediaStream();
    this.opened = new Promise((resolve, reject) => this.#opening = { resolve, reject });
    this.#options = options;
    const hello = { room: name, name: options.name, token: options.token };
    const url = new URL(options.url ?? "/signal", location.href);
    this.#signaling = new Signaling(url.href.replace(/^http/, "ws"), hello, {
      joined: (message) => this.#joined(message),
      message: (message) => this.#receive(message),
      // A signal that crossed with somebody's leaving is no news: `peer-left` tells.
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
      case "peer-joined": return this.#add(message);
      case "peer-left": return peer && this.#remove(message.reason, peer);
      case "message": return peer && this[EMIT]("message", message.data, peer);
      case "ice": return this.#useIce(message);
      default: return peer?.receive(message);
    }
  }

  #add(info) {
    if (this.state === "closed") return; // left by a handler, just now
    const peer = new Peer(info, {
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

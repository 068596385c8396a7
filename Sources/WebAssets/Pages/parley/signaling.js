// One numbered WebSocket to the server, kept alive: Docs/protocol.md, the client's side.

import { ParleyError, temporary } from "./base.js";

const CONNECT_MS_MAX = 10_000; // from opening the socket to `joined`
const BACKOFF_MS = { first: 500, max: 15_000 };
const STABLE_MS = 10_000; // a connection that lived this long starts the backoff anew
const QUEUE_MAX = 1_024; // messages waiting to be sent, or sent and not acknowledged
const PACE = 0.8; // share of the server's rate limit that we allow ourselves
const FAULTS = [1002, 1003, 1007, 1008, 1009, 1010]; // close codes for a fault of ours
const TOLD = [4003, 4004, 4102, 4103]; // close codes that an `error` before them explains

/** The signaling connection: numbering, heartbeats, pacing, and coming back after a cut. */
export class Signaling {
  #url; #hello; #on;
  #socket = null; #session = null; #wasJoined = false; #done = false;
  #joinedAt = 0; // 0 while there is no joined connection
  #told = null; // the last `error` of this connection
  #sent = 0; // number of the last message sent
  #received = 0; // number of the last message received
  #unacked = []; // numbered, not acknowledged yet: needed for a resume and when rate limited
  #queue = []; // not numbered yet
  #limits = { rates: { message: { perSecond: 20, burst: 60 } }, messageBytes: 65_536 };
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
    this.#tokens = this.#limits.rates.message.burst * PACE;
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
    const { perSecond, burst } = this.#limits.rates.message;
    const perMs = (perSecond / 1_000) * PACE;
    const now = performance.now();
    const tokens = this.#tokens + (now - this.#refilledAt) * perMs;
    this.#tokens = Math.min(tokens, burst * PACE);
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

// One numbered session with the server, kept alive: the client's side of Docs/protocol.md. It knows
// nothing of pages or media: whatever has WebSocket and timers can run it.

import { ParleyError, temporary } from "./base.js";
import { Timers } from "./clock.js";

const CONNECT_MS_MAX = 10_000; // from opening the socket to `joined`
const PONG_MS_MAX = 10_000; // how long an answer to `ping` may take
const DOUBT_MS_MAX = 3_000; // the same when there is reason to doubt
const BACKOFF_MS = 500; // the ceiling of the first pause; doubles
const BACKOFF_MS_MAX = 15_000;
const RESUMABLE_MS_MAX = 4_000; // the same while the session can still be resumed
const STABLE_MS = 10_000; // a connection that lived so long starts the backoff anew
const QUEUE_MAX = 1_024; // messages to be sent; and those not acknowledged
const OWED_MAX = 64; // messages or KiB not acknowledged: the server keeps four times that
const ACK_MS_MIN = 100; // between two pings for acknowledgements alone
const PACE = 0.8; // share of the server's rates and heartbeat that we use
const FAULTS = [1002, 1003, 1007, 1008, 1009, 1010]; // close codes for a fault of ours
const TOLD = [1001, 4003, 4004, 4006, 4102, 4103, 4104, 4105]; // an `error` comes before them
const CLOSES = {
  1001: "going_away", 4001: "timeout", 4002: "slow", 4003: "flood", 4100: "left", 4101: "replaced",
  4104: "kicked", 4105: "room_closed",
};
const KINDS = {
  offer: "description", answer: "description", message: "message",
  candidate: "candidate", "end-of-candidates": "candidate",
};

export class Signaling {
  #url; #hello; #on; #socket; #done = false; #timers = new Timers();
  #session; #life = 0; // the secret of the session, and how many we had
  #joined; #joinedAt = 0; // the newest `joined`, and when; 0 while disconnected
  #lostAt = 0; #attempt = 0;
  #told; // the `error` that was the last message
  #sent = 1; #written = 0; // the last number used, and that on this connection
  #received = 0; #owed = 0; // the last number received; how much since our last `ack`
  #unacked = []; // written, not acknowledged
  #queue = []; // to be written; what was before a cut has its number already
  #buckets = {}; // kind to { tokens, at, perMs }
  #pings = []; #pingedAt = 0; #rtt; // when those without an answer went out; and the last

  /**
   * `hello` has room, name and token (text, or a function that gives it); `on` has
   * joined(message, lost), message(message), error(error, request), waiting(ms, error) and
   * closed(error).
   */
  constructor(url, hello, on) {
    this.#url = url; this.#hello = hello; this.#on = on;
    this.#connect();
  }

  /** Sends when it can, in order; across cuts too. */
  send(message) {
    if (this.#done) return;
    // `seq` is added later and is at most 16 digits.
    const bytes = new TextEncoder().encode(JSON.stringify(message)).length + 32;
    if (bytes > (this.#joined?.limits.messageBytes ?? 65_536)) {
      throw new ParleyError("too_large", "The message is too large.");
    }
    if (this.#queue.length >= QUEUE_MAX) throw temporary("too_fast", "Too much waits to be sent.");
    this.#queue.push(message);
    this.#pump();
  }

  /** Says good-bye and stays away; `error` says why, when nobody asked for it. */
  leave(error) {
    if (this.#joinedAt) for (const last of [...this.#queue, { type: "leave" }]) this.#write(last);
    this.#finish(error);
  }

  reconnect() {
    if (this.#joinedAt) this.#comeBack(temporary("lost", "The connection was given up."));
    this.#retryNow();
  }

  /** Something happened that connections do not always survive. */
  nudge() {
    this.#attempt = 0;
    this.#retryNow();
    if (this.#joinedAt) this.#ping(DOUBT_MS_MAX);
  }

  #connect() {
    const socket = this.#socket = new WebSocket(this.#url, "parley.v1");
    socket.onopen = () => this.#join(socket).catch((cause) => socket === this.#socket &&
      this.#comeBack(temporary("no_token", "There is no join token.", cause)));
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.#closed(code);
    this.#timers.set("connect", CONNECT_MS_MAX,
      () => this.#comeBack(temporary("unreachable", "The server is silent.")));
  }

  async #join(socket) {
    let { token } = this.#hello;
    if (typeof token === "function") token = await token();
    const resume = this.#session && { session: this.#session, ack: this.#received };
    const message = { type: "join", seq: resume ? this.#sent : 1, ...this.#hello, token, resume };
    if (socket === this.#socket) socket.send(JSON.stringify(message));
  }

  #retryNow() {
    if (!this.#timers.has("retry")) return;
    this.#timers.clear();
    this.#connect();
  }

  #receive(text) {
    let message;
    try { message = JSON.parse(text); } catch { /* no message */ }
    const { type, seq, ack, re, code } = message ?? {};
    if (!type) return this.#broken();
    this.#timers.clear("pong");
    this.#told = null;
    if (type === "joined") return this.#welcome(message);
    while (this.#unacked[0]?.seq <= ack) this.#unacked.shift();
    if (this.#joinedAt) {
      if (type === "pong") this.#rtt = Math.round(performance.now() - this.#pings.shift());
      const next = this.#received + (type === "pong" ? 0 : 1);
      if (seq > next) return this.#broken();
      this.#pump(); // an acknowledgement may have made room
      if (seq < next || type === "pong") return; // seen before, or no news
      this.#received = seq;
      this.#owed += Math.max(1, text.length / 1_024);
      // The server keeps what we have not acknowledged, but not for ever.
      const pause = performance.now() - this.#pingedAt;
      if (this.#owed >= OWED_MAX && pause >= ACK_MS_MIN) this.#ping();
    }
    if (type !== "error") return this.#on.message(message);
    const request = this.#unacked.find((sent) => sent.seq === re);
    this.#told = new ParleyError(code, message.message, message);
    if (code === "rate_limited" && request) this.#again(request, message.retryAfter);
    else if (this.#joinedAt) this.#on.error(this.#told, request);
  }

  #welcome(message) {
    const { resumed, gap, seq, ack, session } = message;
    if (resumed && !gap && seq !== this.#received) return this.#broken();
    this.#timers.clear("connect");
    let lost = this.#unacked.splice(0);
    if (!resumed) {
      lost.push(...this.#queue.splice(0));
      this.#sent = 1;
      this.#life += 1;
    } else if (gap !== "restart") {
      // The session goes on: what did not arrive goes out once more, under its old numbers.
      this.#queue.unshift(...lost.filter((old) => old.seq > ack));
      lost = [];
    }
    this.#session = session;
    this.#joined = message;
    this.#joinedAt = performance.now();
    this.#received = seq;
    this.#written = ack;
    this.#buckets = {};
    this.#pings = [];
    this.#beat();
    this.#on.joined(message, lost);
    this.#pump();
  }

  #beat() {
    this.#owed = 0;
    this.#timers.set("ping", this.#joined.heartbeat * PACE, () => this.#ping());
  }

  #ping(patience = PONG_MS_MAX) {
    this.#pings.push(this.#pingedAt = performance.now());
    this.#bucket("other").tokens -= 1; // it does not wait
    const [seq, ack, rtt] = [this.#written, this.#received, this.#rtt];
    this.#socket.send(JSON.stringify({ type: "ping", seq, ack, rtt }));
    this.#beat();
    if (this.#timers.has("pong") && patience === PONG_MS_MAX) return;
    this.#timers.set("pong", Math.min(patience, this.#joined.heartbeat),
      () => this.#comeBack(temporary("lost", "The server fell silent.")));
  }

  /** How much of a kind we may send now. */
  #bucket(kind) {
    const { perSecond, burst } = this.#joined.limits.rates[kind];
    const [now, most, perMs] = [performance.now(), burst * PACE, perSecond / 1_000 * PACE];
    const { tokens, at } = this.#buckets[kind] ?? { tokens: most, at: now };
    const grown = Math.min(most, tokens + (now - at) * perMs);
    return this.#buckets[kind] = { tokens: grown, at: now, perMs };
  }

  /** Sends what waits, no faster than the server allows: a big room must not trip its limits. */
  #pump() {
    if (this.#timers.has("pump")) return;
    while (this.#joinedAt && this.#queue.length && this.#unacked.length < QUEUE_MAX) {
      const bucket = this.#bucket(KINDS[this.#queue[0].type] ?? "other");
      const wait = (1 - bucket.tokens) / bucket.perMs;
      if (wait > 0) return this.#timers.set("pump", wait, () => this.#pump());
      bucket.tokens -= 1;
      this.#write(this.#queue.shift());
      if (this.#unacked.length % (QUEUE_MAX / 4) === 0) this.#ping(); // asks for acknowledgement
    }
  }

  #write({ type, seq = ++this.#sent, ...members }) {
    const message = { type, seq, ...members };
    this.#written = seq;
    this.#unacked.push(message);
    this.#socket.send(JSON.stringify(message));
  }

  /** A rate-limited message was not delivered: it goes out again, as a new one. */
  #again({ seq, ...message }, retryAfter = 1_000) {
    const life = this.#life;
    setTimeout(() => {
      if (this.#life !== life) return; // what it was meant for is over
      this.#queue.splice(this.#queue.filter((old) => old.seq).length, 0, message);
      this.#pump();
    }, retryAfter);
  }

  /** What the server says makes no sense: start over, without the session. */
  #broken() {
    this.#session = null;
    this.#comeBack(temporary("protocol", "The server's messages make no sense."));
  }

  #closed(code) {
    const final = FAULTS.includes(code) || (code >= 4100 && code < 4200);
    const name = CLOSES[code] ?? (final ? "protocol" : "unreachable");
    const words = `There is no connection to the server: ${name} (${code}).`;
    const closing = new ParleyError(name, words, { temporary: !final });
    const told = this.#told;
    const agree = TOLD.includes(code) && told?.temporary !== final;
    const error = told && (!this.#joinedAt || agree) ? told : closing;
    if (error.temporary && !final) this.#comeBack(error);
    else this.#finish(error);
  }

  #comeBack(error) {
    const now = performance.now();
    this.#detach();
    // The first join reports its failure instead, so that the page can tell the person at once.
    if (!this.#joined) return this.#finish(error);
    if (this.#joinedAt) this.#lostAt = now;
    if (this.#joinedAt && now - this.#joinedAt > STABLE_MS) this.#attempt = 0;
    this.#joinedAt = 0;
    const resumable = now - this.#lostAt < this.#joined.resumeWindow;
    const most = resumable ? RESUMABLE_MS_MAX : BACKOFF_MS_MAX;
    // Full jitter: after a restart of the server not everybody returns in the same instant.
    const jitter = Math.random() * Math.min(most, BACKOFF_MS * 2 ** this.#attempt++);
    const delay = (error.retryAfter ?? 0) + jitter;
    this.#timers.set("retry", delay, () => this.#connect());
    this.#on.waiting(delay, error);
  }

  #finish(error) {
    if (this.#done) return;
    this.#done = true;
    this.#detach();
    this.#joinedAt = 0;
    this.#on.closed(error);
  }

  #detach() {
    this.#timers.clear();
    Object.assign(this.#socket, { onopen: null, onmessage: null, onclose: null }).close();
  }
}

// Calls made with the browser library, in a page of the server, for scenarios to steer and look at.
// Driven by harness/lab.py. A page can hold several seats, each in a room by itself.
"use strict";

const SAMPLE_MS = 50;
const FRAME_MS = 50;
const STATS_MS_MAX = 1_000;

/** The value of a promise, or null: Firefox never answers getStats when the connection closes. */
const soon = (promise) => Promise.race([
  promise, new Promise((resolve) => setTimeout(resolve, STATS_MS_MAX, null)),
]);

/** Firefox ends what a canvas gives when the stream is forgotten, though its track is in use. */
const streams = [];

/** A small picture that changes all the time. */
function picture() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [160, 90];
  const paint = canvas.getContext("2d", { alpha: false });
  let turn = 0;
  setInterval(() => {
    paint.fillStyle = `hsl(${turn += 7} 80% 50%)`;
    paint.fillRect(0, 0, canvas.width, canvas.height);
  }, FRAME_MS);
  const stream = canvas.captureStream(1_000 / FRAME_MS);
  streams.push(stream);
  return stream;
}

/** The pictures of a peer that are decoded, by the names of their tracks. */
async function decoded({ connection, stream }) {
  const report = await soon(connection.getStats());
  const tracks = stream.getTracks().map(({ id }) => id);
  return [...(report?.values() ?? [])].filter(({ type, framesDecoded, trackIdentifier }) =>
    type === "inbound-rtp" && framesDecoded && tracks.includes(trackIdentifier));
}

/** One person: a room, what came from it, and how long media was away at most. */
class Seat {
  constructor(room) {
    Object.assign(this, { room, messages: [], log: [], errors: [], stats: [], seen: new Map() });
    room.on("message", (data) => this.messages.push(data));
    room.on("gap", (kind) => this.log.push(`gap ${kind}`));
    room.on("state", (state, { error }) => this.log.push([state, error?.code].join(" ").trim()));
    room.on("error", ({ code, message, cause }) =>
      this.errors.push([code, message, cause].join(" ").trim()));
    room.on("left", (peer, reason) => this.log.push(`left ${peer.name} ${reason}`));
    room.on("peer", (peer) => this.meet(peer));
  }

  meet(peer) {
    this.log.push(`peer ${peer.name}`);
    const seen = { connection: peer.connection, frames: 0, longest: 0, newest: performance.now() };
    this.seen.set(peer.id, Object.assign(seen, { ice: [], data: [] }));
    peer.connection.addEventListener("iceconnectionstatechange",
      () => seen.ice.push(peer.connection.iceConnectionState));
    peer.on("suspended", (now) => this.log.push(`${now ? "suspended" : "resumed"} ${peer.name}`));
    peer.on("data", (data) => seen.data.push(data));
    peer.on("stats", (stats) => this.stats.push(stats));
    const video = document.createElement("video");
    Object.assign(video, { muted: true, autoplay: true, srcObject: peer.stream });
    document.body.append(video);
    const timer = setInterval(() => this.sample(peer, seen), SAMPLE_MS);
    peer.on("left", () => { clearInterval(timer); video.remove(); });
  }

  async sample(peer, seen) {
    const frames = Math.max(0, ...(await decoded(peer)).map(({ framesDecoded }) => framesDecoded));
    const now = performance.now();
    seen.longest = Math.max(seen.longest, now - seen.newest);
    if (frames !== seen.frames) [seen.frames, seen.newest] = [frames, now];
  }

  /** From here on is counted how long media is away, and what ICE does. */
  mark() {
    for (const seen of this.seen.values()) {
      Object.assign(seen, { longest: 0, newest: performance.now(), ice: [] });
    }
  }

  async look() {
    const { messages, log, errors } = this;
    const { id, state, peers } = this.room;
    const people = [...peers.values()].map(async (peer) => {
      const { connection, ...seen } = this.seen.get(peer.id);
      return {
        id: peer.id, name: peer.name, state: peer.state, suspended: peer.suspended,
        signaling: peer.connection.signalingState, channel: peer.channel.readyState,
        sameConnection: connection === peer.connection, ...seen, newest: undefined,
        longest: Math.round(seen.longest), pictures: (await decoded(peer)).length,
        tracks: peer.stream.getTracks().length,
        relayed: (await soon(peer.stats()))?.relayed ?? null,
      };
    });
    return { id, state, peers: await Promise.all(people), messages, log, errors };
  }
}

const lab = globalThis.lab = {
  seats: {},
  picture,

  /** Takes a seat; resolves to what it sees, or to the code of the error. */
  async enter(key, room, options) {
    const { join } = await import("/parley.js");
    try {
      lab.seats[key] = new Seat(await join(room, { name: key, stream: picture(), ...options }));
    } catch (error) {
      return { error: error.code ?? String(error) };
    }
    await Promise.resolve(); // by then it has met who was here before
    return lab.seats[key].look();
  },

  /** As often as `rounds` says, all seats begin to send a further picture in the same moment. */
  async addAtOnce(rounds, pauseMs) {
    const rooms = Object.values(lab.seats).map(({ room }) => room);
    for (let round = 0; round < rounds; round += 1) {
      const tracks = rooms.map(() => picture().getTracks()[0]);
      rooms.forEach((room, place) => room.addTrack(tracks[place]));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  },

  /**
   * Two ends of the library without a server, where each description comes later than the
   * candidates after it: resolves to the errors, once both are connected.
   */
  async overtake(delayMs) {
    const { Peer } = await import("/parley/peer.js");
    const errors = [];
    const ends = {};
    const room = (order, other) => ({
      order, stream: picture(), data: true, config: () => ({ iceServers: [] }),
      servers: async () => {}, onDemand: () => false,
      signal: ({ type, ...message }) => type === "report" || setTimeout(
        () => ends[other].receive({ type, ...message }), /offer|answer/.test(type) ? delayMs : 0),
    });
    ends.a = new Peer({ peer: "b", order: 2 }, room(1, "b"));
    ends.b = new Peer({ peer: "a", order: 1 }, room(2, "a"));
    const opened = Object.values(ends).map((end) => new Promise((resolve, reject) => {
      end.on("error", ({ code, message }) => errors.push(`${code} ${message}`));
      end.on("open", resolve);
      setTimeout(() => reject(new Error(`${end.state} after 10 s: ${errors}`)), 10_000);
    }));
    await Promise.all(opened);
    for (const end of Object.values(ends)) end.close("left");
    return errors;
  },
};

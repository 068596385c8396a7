// One other person in the room: perfect negotiation, media and a data channel.

import { EMIT, Emitter, HEARD, temporary } from "./base.js";
import { Timers } from "./clock.js";
import { path } from "./path.js";

const OFFER_HOLD_MS = 1_000; // how long who was here first waits for the newcomer's offer
const RESTART_HOLD_MS = 2_000; // how long the polite side waits for the other to restart ICE
const GATHER_AGAIN_MS = 5_000; // pause after a gathering that gave no candidate
const DIRECT_MS = 5_000; // how long the direct way is tried before a relay is asked for
const DISCONNECTED_MS = 2_000; // a connection often comes back by itself
const RECOVER_MS = 15_000; // between two restarts
const HEAL_MS = 1_500; // what is not lost has come by then
const LOOK_MS = 2_000; // between two looks at the statistics that somebody wants
const REPORT_MS = 15_000; // the same for the server alone
const HELD_MAX = 256; // candidates ahead of their description
const DEAD_MAX = 32; // ICE generations remembered as over

/** The ICE generations in a description. */
const generations = (description) =>
  [...(description?.sdp ?? "").matchAll(/^a=ice-ufrag:(\S+)/gm)].map(([, name]) => name);

export class Peer extends Emitter {
  #room; #pc; #timers = new Timers();
  #makingOffer = false; #described = false; #gathered = false; #gone = false;
  #inbox = Promise.resolve(); // signals are handled one after the other
  #held = []; // candidates ahead of their description
  #dead = []; // generations whose candidates have no place to go
  #generation; // that of the last local candidate
  #measured; #reported; // the last statistics, and the pair that the server knows of

  /**
   * `room` has order, stream, data, config(), signal(message), onDemand() (is there a relay not
   * asked for?) and servers(directFailed), a promise of ICE servers that work.
   */
  constructor({ peer, name, role, order, state }, room) {
    super();
    const [polite, suspended] = [room.order > order, state === "suspended"];
    Object.assign(this, { id: peer, name, role, polite, suspended, stream: new MediaStream() });
    this.#room = room;
    const pc = this.#pc = this.connection = new RTCPeerConnection(room.config());
    pc.onnegotiationneeded = () => this.#negotiationNeeded();
    pc.onicecandidate = ({ candidate }) => this.#localCandidate(candidate);
    // 701 only says that one of several ways to a server did not work, and comes often.
    pc.onicecandidateerror = ({ errorCode, errorText, url }) => errorCode === 701 ||
      this.#failed("ice_server", `${url} answered ${errorCode} ${errorText}`);
    pc.ontrack = (event) => this.#remoteTrack(event);
    pc.onconnectionstatechange = () => this[EMIT]("state", pc.connectionState);
    pc.oniceconnectionstatechange = () => this.#watch();
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

  get #connected() { return ["connected", "completed"].includes(this.#pc.iceConnectionState); }

  on(event, handler) {
    if (event === "stats") queueMicrotask(() => this.#look());
    return super.on(event, handler);
  }

  send(data) {
    if (this.channel?.readyState !== "open") throw temporary("not_open", "No open data channel.");
    this.channel.send(data);
  }

  stats() { return path(this.#pc); }

  /** Looks for another way; media goes on over the old one for as long as that works. */
  async restart() {
    await this.#room.servers(false);
    this.#pc.restartIce();
  }

  receive(message) {
    const { type, candidate, usernameFragment } = message;
    this.#inbox = this.#inbox.then(() => {
      if (this.#gone) return;
      if (type === "offer" || type === "answer") return this.#description(message);
      if (type === "candidate") return this.#candidate(candidate);
      if (type === "end-of-candidates") return this.#candidate({ candidate: "", usernameFragment });
    }).catch((cause) => this.#failed("negotiation", `Cannot use the ${type}.`, cause));
  }

  suspend(suspended) {
    if (this.suspended === suspended) return;
    this.suspended = suspended;
    this[EMIT]("suspended", suspended);
  }

  /** Signals may be lost, the peer's or (`ours`) those to us: starts again what hangs. */
  heal(ours) {
    this.#timers.set("heal", HEAL_MS, () => {
      // The offer as it is now, so with the candidates that were found since.
      if (this.#pc.signalingState === "have-local-offer") this.#sendDescription();
      else if (ours && !this.#connected) this.#restartInTurn();
    });
  }

  close(reason) {
    this.#gone = true;
    this.#timers.clear();
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
    const offer = () => this.#described || this.#offer();
    if (!this.#timers.has("offer")) this.#timers.set("offer", OFFER_HOLD_MS, offer);
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

  async #description({ type, sdp }) {
    const pc = this.#pc;
    // The answer to an offer that we have taken back meanwhile, or have sent twice.
    if (type === "answer" && pc.signalingState !== "have-local-offer") return;
    const collision = type === "offer" && (this.#makingOffer || pc.signalingState !== "stable");
    const next = generations({ sdp });
    if (collision && !this.polite) return this.#bury(next);
    this.#described = true;
    this.#timers.clear("restart");
    this.#bury(generations(pc.remoteDescription).filter((name) => !next.includes(name)));
    await pc.setRemoteDescription({ type, sdp }); // rolls our own offer back when polite
    if (type === "offer") {
      await pc.setLocalDescription();
      this.#sendDescription();
    }
    for (const candidate of this.#held.splice(0)) await this.#candidate(candidate);
  }

  /** Remembers generations that are over, or never began because their offer was ignored. */
  #bury(names) { this.#dead = [...this.#dead, ...names].slice(-DEAD_MAX); }

  async #candidate(candidate) {
    const name = candidate.usernameFragment ?? / ufrag (\S+)/.exec(candidate.candidate)?.[1];
    const current = generations(this.#pc.remoteDescription);
    if (name ? !current.includes(name) : !current.length) {
      // Behind its description, or ahead of it.
      if (!this.#dead.includes(name)) this.#held = [...this.#held, candidate].slice(-HELD_MAX);
      return;
    }
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (cause) {
      // The end of candidates is only a hint.
      if (candidate.candidate) this.#failed("bad_candidate", "A candidate is not accepted.", cause);
    }
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
    if (!this.#gathered && !this.#connected) {
      // With not one candidate a browser stays at `new` for ever, so the retry is up to us.
      this.#failed("no_candidates", "No relay and no address could be had.");
      this.#trouble(GATHER_AGAIN_MS);
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

  #watch() {
    switch (this.#pc.iceConnectionState) {
      case "checking":
        if (this.#timers.has("trouble")) return;
        return this.#trouble(this.#room.onDemand() ? DIRECT_MS : RECOVER_MS);
      case "disconnected": return this.#trouble(DISCONNECTED_MS);
      case "failed": return this.#trouble(0);
      case "connected": case "completed":
        this.#timers.clear("trouble", "restart");
        this.#look();
    }
  }

  /** The way may not work: if so, finds another, perhaps through a relay, until one does. */
  #trouble(pause) {
    this.#timers.set("trouble", pause, async () => {
      this.#trouble(RECOVER_MS);
      await this.#room.servers(true);
      if (!this.#connected) this.#restartInTurn();
    });
  }

  /** Both sides see a failure at about the same time: the impolite one goes first. */
  #restartInTurn() {
    if (!this.polite) return this.#pc.restartIce();
    this.#timers.set("restart", RESTART_HOLD_MS, () => this.#connected || this.#pc.restartIce());
  }

  /** A look at the statistics: for who listens, and to tell the server when the pair is another. */
  async #look() {
    const heard = this[HEARD]("stats");
    if (!this.#connected) return;
    this.#timers.set("look", heard ? LOOK_MS : REPORT_MS, () => this.#look());
    const stats = await path(this.#pc, this.#measured).catch(() => null);
    this.#measured = stats;
    if (!stats || this.#gone) return;
    const [local, remote, { protocol }] = [stats.local.type, stats.remote.type, stats.local];
    const news = `${local} ${remote} ${protocol}`;
    const pair = { local, remote, protocol };
    if (news !== this.#reported) this.#room.signal({ type: "report", peer: this.id, pair });
    this.#reported = news;
    if (heard) this[EMIT]("stats", stats);
  }
}

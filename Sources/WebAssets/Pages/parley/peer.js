// One other person in the room: perfect negotiation, media and a data channel.

import { EMIT, Emitter, temporary } from "./base.js";

const OFFER_HOLD_MS = 1_000; // how long who was here first waits for the newcomer's offer
const GATHER_AGAIN_MS = 5_000; // pause after a gathering that gave no candidate
const EARLY_CANDIDATES_MAX = 256;

/** One other person: perfect negotiation over one RTCPeerConnection and one data channel. */
export class Peer extends Emitter {
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

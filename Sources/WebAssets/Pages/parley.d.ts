// Types of the Parley browser library, `/parley.js`.

/** What `join` can be told. Everything has a default. */
export interface JoinOptions {
  /** Address of the signaling endpoint. Default: `/signal` of the server that parley.js came
   * from. */
  url?: string | URL;
  /** Your name as the others see it, at most 64 bytes of UTF-8. */
  name?: string;
  /** Join token, where the server asks for one. */
  token?: string;
  /**
   * What to send: camera, microphone, a canvas, … The library never stops its tracks: it is yours.
   * Without it you only receive, until `room.addTrack`.
   */
  stream?: MediaStream;
  /**
   * `"relay"` sends everything through the relay and shows your address to nobody in the room.
   * Default: what the server's operator decided.
   */
  iceTransportPolicy?: RTCIceTransportPolicy;
  /** Whether each peer gets a data channel; both sides must agree. Default: true. */
  data?: boolean;
}

/**
 * Joins a room of 1 to 64 of the characters `A–Z a–z 0–9 . _ ~ -`.
 *
 * Resolves when the server let you in. Rejects with a `ParleyError` when it did not, or cannot be
 * reached; it is never tried again by itself. Once joined, the room comes back alone after a cut.
 *
 *     const room = await join("tea", { name: "Ann", stream });
 *     room.on("peer", (peer) => { video.srcObject = peer.stream; });
 */
export function join(room: string, options?: JoinOptions): Promise<Room>;

/** Everything that goes wrong. */
export class ParleyError extends Error {
  /**
   * Stable, for programs. From the server: `bad_room`, `bad_name`, `forbidden`, `room_full`,
   * `server_full`, `no_such_peer`, `rate_limited`, `bad_message`, … From here: `unreachable`,
   * `lost`, `stopping`, `timeout`, `slow`, `flood`, `replaced`, `protocol` (about the
   * connection), `not_connected`, `closed`, `too_large`, `too_fast`, `not_open` (thrown by `send`),
   * `negotiation`, `bad_candidate`, `no_candidates`, `ice_server` (about media), `no_relay` (only
   * a relay is wanted, and this server has none: the end of the call).
   */
  readonly code: string;
  /** Whether the same can succeed later. */
  readonly temporary: boolean;
  /** When, in milliseconds from now, where the server said so. */
  readonly retryAfter?: number;
}

/**
 * - `connecting`: before `join` resolves.
 * - `connected`: the server answers.
 * - `reconnecting`: it does not; the library tries again by itself, after growing, random pauses.
 * - `closed`: for good, by `leave` or by an error that no retry mends.
 */
export type RoomState = "connecting" | "connected" | "reconnecting" | "closed";

/** Any value that JSON can carry. */
export type JSONValue =
  | string | number | boolean | null | JSONValue[] | { [name: string]: JSONValue };

/** Why somebody left: what the server says, or what happened here. */
export type LeaveReason =
  | "left" | "timeout" | "replaced" | "kicked" | "closed" | "error"
  /** We came back in a new session; who is still there follows as a new `peer`. */
  | "reconnected";

/** Handlers of a room's events. */
export interface RoomEvents {
  /**
   * Somebody is here. Also called, once each, for those who were here before the handler was. After
   * a cut of the signaling connection the same person comes as a new peer.
   */
  peer(peer: Peer): void;
  /** Somebody is no longer here; the connection is closed. */
  left(peer: Peer, reason: LeaveReason): void;
  /** Somebody sent a message through the server. */
  message(data: JSONValue, peer: Peer): void;
  /** `retryIn` (milliseconds) comes with `reconnecting`; `error` with it, and with `closed`. */
  state(state: RoomState, detail: { error?: ParleyError; retryIn?: number }): void;
  /** A problem that did not end the call; with `peer` when it concerns one connection. */
  error(error: ParleyError, peer?: Peer): void;
}

/** A room that you are in. */
export interface Room {
  /** Its name. */
  readonly name: string;
  /** Your own id in it; a new one after a cut. */
  readonly id: string;
  readonly state: RoomState;
  /** The others, by id. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** What you send: the stream given to `join`, or one to which `addTrack` adds. */
  readonly stream: MediaStream;
  /** The server's limits, as in its `joined` message. */
  readonly limits: {
    readonly messageBytes: number; readonly peers: number;
    readonly rates: Readonly<Record<"candidate" | "description" | "message" | "other",
      { readonly perSecond: number; readonly burst: number }>>;
  };
  /** Calls `handler` at each such event; returns a function that ends this. */
  on<E extends keyof RoomEvents>(event: E, handler: RoomEvents[E]): () => void;
  /**
   * Sends a value through the server to everybody else, or to one peer.
   * Throws `not_connected`, `closed`, `too_large` or `too_fast`.
   */
  send(data: JSONValue, to?: Peer | string): void;
  /** Starts to send a track to everybody. */
  addTrack(track: MediaStreamTrack): void;
  /** Stops to send it. */
  removeTrack(track: MediaStreamTrack): void;
  /** Sends another track of the same kind in its place, without a new negotiation. */
  replaceTrack(track: MediaStreamTrack, replacement: MediaStreamTrack): Promise<void>;
  /** Sends silence or black instead of what is recorded. `muted` defaults to true. */
  mute(kind: "audio" | "video", muted?: boolean): void;
  /** Gives up the signaling connection and makes a new one, without waiting. */
  reconnect(): void;
  /** Leaves for good: the others see it at once, all connections close. */
  leave(): void;
}

/** Handlers of a peer's events. */
export interface PeerEvents {
  /** The peer is gone and its connection is closed. */
  left(reason: LeaveReason): void;
  /** The state of the connection; after `failed` it is restarted by itself. */
  state(state: RTCPeerConnectionState): void;
  /** A track came; it is in `peer.stream` already. */
  track(track: MediaStreamTrack): void;
  /** The data channel is open: `send` works. */
  open(): void;
  /** Something came over the data channel. */
  data(data: string | ArrayBuffer): void;
  /** As the room's `error`. */
  error(error: ParleyError): void;
}

/** One other person in the room, and the connection to them. */
export interface Peer {
  readonly id: string;
  /** As given to `join` over there: text of a stranger, so never HTML. May be empty. */
  readonly name: string;
  /** Our side of the pair in perfect negotiation. */
  readonly polite: boolean;
  /** What comes from them. The same object for the whole time; tracks come and go in it. */
  readonly stream: MediaStream;
  readonly state: RTCPeerConnectionState;
  /** The connection itself, for what this library does not cover. */
  readonly connection: RTCPeerConnection;
  /** The data channel itself, for instance for its `bufferedAmount`; null without `data`. */
  readonly channel: RTCDataChannel | null;
  on<E extends keyof PeerEvents>(event: E, handler: PeerEvents[E]): () => void;
  /** Sends text or bytes straight to the peer. Throws `not_open` before `open`. */
  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void;
  /** The path in use and what it carried; null while there is none. */
  stats(): Promise<PeerStats | null>;
}

/** The selected candidate pair. */
export interface PeerStats {
  readonly local: CandidateInfo;
  readonly remote: CandidateInfo;
  /** Whether a relay, ours or theirs, is on the way. */
  readonly relayed: boolean;
  /** Bytes of media and data on this pair, without the connectivity checks. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Where the browser counts packets. */
  readonly packetsSent?: number;
  readonly packetsReceived?: number;
  /** Milliseconds; NaN where the browser does not say. */
  readonly roundTripTime: number;
}

/** One end of the pair. */
export interface CandidateInfo {
  readonly type: RTCIceCandidateType;
  /** Between the two candidates. */
  readonly protocol: string;
  /** Between the browser and its relay; only for a local `relay` candidate. */
  readonly relayProtocol?: string;
  /** Absent where the browser hides it. */
  readonly address?: string;
  readonly port?: number;
  /** The server that gave the candidate. */
  readonly url?: string;
}

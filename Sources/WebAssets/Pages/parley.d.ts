// Types of the Parley browser library, `/parley.js`. Docs/sdk.md is made from this file.

/**
 * Joins a room of 1 to 64 of the characters `A–Z a–z 0–9 . _ ~ -`.
 *
 * Resolves when the server let you in. Rejects with a `ParleyError` when it did not, or cannot be
 * reached; that is never tried again by itself. Once joined, the room comes back alone after a cut:
 * nothing is lost and nothing doubled, and media goes on meanwhile.
 *
 *     const room = await join("tea", { name: "Ann", stream });
 *     room.on("peer", (peer) => { video.srcObject = peer.stream; });
 */
export function join(room: string, options?: JoinOptions): Promise<Room>;

/** What `join` can be told. Everything has a default. */
export interface JoinOptions {
  /**
   * Address of the signaling endpoint. Default: `/signal` of the server that parley.js came from.
   */
  url?: string | URL;
  /** Your name as the others see it, at most 64 bytes of UTF-8. */
  name?: string;
  /**
   * Join token, where the server asks for one; or a function that gives it, which is called for
   * each new connection, so that it may be short-lived.
   */
  token?: string | (() => string | Promise<string>);
  /**
   * What to send: camera, microphone, a canvas, … The library stops its tracks in `setDevice` only:
   * they are yours. Without it you only receive, until `room.addTrack`.
   */
  stream?: MediaStream;
  /**
   * `"relay"` sends everything through the relay and shows your address to nobody in the room.
   * Default: what the server's operator decided.
   */
  iceTransportPolicy?: RTCIceTransportPolicy;
  /** Whether each peer gets a data channel; both sides must agree. Default: true. */
  data?: boolean;
  /**
   * Whether another camera or microphone takes the place of one that was unplugged. Default: true.
   */
  followDevices?: boolean;
}

/** A room that you are in. */
export interface Room {
  /** Its name. */
  readonly name: string;
  /** Your own id in it. It stays across a cut, unless you were away for too long. */
  readonly id: string;
  readonly state: RoomState;
  /** The others, by id. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** What you send: the stream given to `join`, or one to which `addTrack` adds. */
  readonly stream: MediaStream;
  /** What you may do here. */
  readonly can: readonly Permission[];
  /** Your role, where your join token has one. */
  readonly role?: string;
  /** The server's limits, as in its `joined` message; the library keeps to the rates by itself. */
  readonly limits: RoomLimits;
  /** Calls `handler` at each such event; returns a function that ends this. */
  on<E extends keyof RoomEvents>(event: E, handler: RoomEvents[E]): () => void;
  /**
   * Sends a value through the server to everybody else, or to one peer. While reconnecting it waits
   * and goes out afterwards; should the session be over by then, an `undelivered` error tells.
   * Throws `closed`, `not_permitted`, `too_large` or `too_fast`.
   */
  send(data: JSONValue, to?: Peer | string): void;
  /** Sends somebody out, for moderators. Throws `closed` or `not_permitted`. */
  kick(peer: Peer | string, reason?: string): void;
  /** Sends everybody out, yourself too, for moderators. Throws `closed` or `not_permitted`. */
  close(reason?: string): void;
  /** Starts to send a track to everybody. */
  addTrack(track: MediaStreamTrack): void;
  /** Stops to send it. */
  removeTrack(track: MediaStreamTrack): void;
  /** Sends another track of the same kind in its place, without a new negotiation. */
  replaceTrack(track: MediaStreamTrack, replacement: MediaStreamTrack): Promise<void>;
  /**
   * Records with a device (the browser's choice without `deviceId`) and sends that in the place of
   * the track of this kind, which is stopped. Gives the new track, or rejects with `device`.
   */
  setDevice(kind: "audio" | "video", deviceId?: string): Promise<MediaStreamTrack>;
  /** Sends silence or black instead of what is recorded. `muted` defaults to true. */
  mute(kind: "audio" | "video", muted?: boolean): void;
  /** Gives up the connection to the server and makes a new one, without waiting. */
  reconnect(): void;
  /** Leaves for good: the others see it at once, all connections close. */
  leave(): void;
}

/**
 * - `connecting`: before `join` resolves.
 * - `connected`: the server answers.
 * - `reconnecting`: it does not; the library tries again by itself, after growing, random pauses,
 *   and not before the server said it may. Media and data channels go on.
 * - `closed`: for good, by `leave` or by an error that no retry mends.
 */
export type RoomState = "connecting" | "connected" | "reconnecting" | "closed";

/** Offers and answers, messages through the server, `kick` and `close`. */
export type Permission = "signal" | "message" | "moderate";

/** What the server takes. */
export interface RoomLimits {
  /** The longest message, as JSON in UTF-8. */
  readonly messageBytes: number;
  /** The most people in a room. */
  readonly peers: number;
  /** `candidate` also counts the end of candidates; `description` offers and answers. */
  readonly rates: Readonly<Record<"candidate" | "description" | "message" | "other", RateLimit>>;
}

/** So many a second, and so many at once after a pause. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** Handlers of a room's events. */
export interface RoomEvents {
  /** Somebody is here. Also called, once each, for those who were here before the handler was. */
  peer(peer: Peer): void;
  /** Somebody is no longer here; the connection is closed. */
  left(peer: Peer, reason: LeaveReason): void;
  /** Somebody sent a message through the server. Each comes once, in the order of its sender. */
  message(data: JSONValue, peer: Peer): void;
  /** `retryIn` (milliseconds) comes with `reconnecting`; `error` with it, and with `closed`. */
  state(state: RoomState, detail: { error?: ParleyError; retryIn?: number }): void;
  /** The operator says something to everybody in the room. */
  notice(text: string): void;
  /**
   * Messages to you may be lost: more came during a cut than the server keeps (`overflow`), or it
   * was restarted (`restart`). Peers and media are as they should be; ask for what your own
   * messages had told.
   */
  gap(kind: "overflow" | "restart"): void;
  /** A problem that did not end the call; with `peer` when it concerns one connection. */
  error(error: ParleyError, peer?: Peer): void;
}

/** Why somebody left: what the server says, or what happened here. */
export type LeaveReason =
  | "left" | "timeout" | "replaced" | "kicked" | "error"
  /** We left the room, or a moderator closed it. */
  | "closed"
  /** We came back as somebody new; who is still there follows as a new `peer`. */
  | "reconnected"
  /** It went while we were away. */
  | "unknown";

/** One other person in the room, and the connection to them. */
export interface Peer {
  readonly id: string;
  /** As given to `join` over there: text of a stranger, so never HTML. May be empty. */
  readonly name: string;
  /** As in their join token. */
  readonly role?: string;
  /** Our side of the pair in perfect negotiation. */
  readonly polite: boolean;
  /** Whether their connection to the server is broken. Media may well go on. */
  readonly suspended: boolean;
  /** What comes from them. The same object for the whole time; tracks come and go in it. */
  readonly stream: MediaStream;
  readonly state: RTCPeerConnectionState;
  /** The connection itself, for what this library does not cover. It stays across a cut. */
  readonly connection: RTCPeerConnection;
  /** The data channel itself, for instance for its `bufferedAmount`; null without `data`. */
  readonly channel: RTCDataChannel | null;
  /** Calls `handler` at each such event; returns a function that ends this. */
  on<E extends keyof PeerEvents>(event: E, handler: PeerEvents[E]): () => void;
  /** Sends text or bytes straight to the peer. Throws `not_open` before `open`. */
  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void;
  /** The path in use and what it carried; null while there is none. */
  stats(): Promise<PeerStats | null>;
  /** Looks for another path (an ICE restart). Mostly the library does so by itself. */
  restart(): Promise<void>;
}

/** Handlers of a peer's events. */
export interface PeerEvents {
  /** The peer is gone and its connection is closed. */
  left(reason: LeaveReason): void;
  /** The state of the connection; after `failed` it is restarted by itself. */
  state(state: RTCPeerConnectionState): void;
  /** Their connection to the server broke, or is back. */
  suspended(suspended: boolean): void;
  /** A track came; it is in `peer.stream` already. */
  track(track: MediaStreamTrack): void;
  /** The data channel is open: `send` works. */
  open(): void;
  /** Something came over the data channel. */
  data(data: string | ArrayBuffer): void;
  /** Every two seconds, for as long as there is a path and somebody listens. */
  stats(stats: PeerStats): void;
  /** As the room's `error`. */
  error(error: ParleyError): void;
}

/** The selected candidate pair. */
export interface PeerStats {
  /** Another one for another pair. */
  readonly id: string;
  /** When this was so, as `performance.timeOrigin + performance.now()`. */
  readonly timestamp: number;
  readonly local: CandidateInfo;
  readonly remote: CandidateInfo;
  /** Whether a relay, ours or theirs, is on the way. */
  readonly relayed: boolean;
  /** Bytes of media and data on this pair, without the connectivity checks. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Bits per second since the event before; NaN at the first of a pair, and in `stats()`. */
  readonly sendBitrate: number;
  readonly receiveBitrate: number;
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
  readonly protocol: "udp" | "tcp";
  /** Between the browser and its relay; only for a local `relay` candidate. */
  readonly relayProtocol?: string;
  /** Absent where the browser hides it. */
  readonly address?: string;
  readonly port?: number;
  /** The server that gave the candidate. */
  readonly url?: string;
}

/** Everything that goes wrong. */
export class ParleyError extends Error {
  /** Stable, for programs. */
  readonly code: ErrorCode;
  /** Whether the same can succeed later. */
  readonly temporary: boolean;
  /** When, in milliseconds from now, where the server said so. */
  readonly retryAfter?: number;
}

/** What can go wrong; servers that are newer may say more. */
export type ErrorCode = JoinErrorCode | ConnectionErrorCode | SendErrorCode | MediaErrorCode;

/** Why the server lets nobody in, or sends somebody out. */
export type JoinErrorCode =
  /** The room's or your name is none. */
  | "bad_room" | "bad_name"
  /** The join token is missing, wrong, too old, or for another room. */
  | "bad_token" | "token_expired" | "forbidden"
  /** The function that is to give it failed; its error is the `cause`. */
  | "no_token"
  /** Full; and too many attempts from this address that failed. */
  | "room_full" | "server_full" | "tenant_full" | "too_many_attempts"
  /** A moderator's doing; the error's message is the reason. */
  | "kicked" | "room_closed";

/** What becomes of the connection to the server. */
export type ConnectionErrorCode =
  /** It cannot be reached, or fell silent. */
  | "unreachable" | "lost"
  /** It stops, and is probably back soon. */
  | "going_away"
  /** It heard nothing from here; we read too slowly; we sent too much. */
  | "timeout" | "slow" | "flood"
  /** The call goes on in another connection, which has the same session. */
  | "replaced"
  /** You left. */
  | "left"
  /** One side does not keep to the protocol. */
  | "protocol" | "bad_message" | "unknown_type" | "not_joined" | "already_joined" | "out_of_order";

/** What becomes of what you send through the server. */
export type SendErrorCode =
  /** The room was left; you may not; it is too long; too much waits already. */
  | "closed" | "not_permitted" | "too_large" | "too_fast"
  /** Nobody of this id is here. */
  | "no_such_peer"
  /** The session ended, or the server was restarted, before it was known to have arrived. */
  | "undelivered"
  /** The data channel is not open. */
  | "not_open";

/** What becomes of media. */
export type MediaErrorCode =
  /** A description or a candidate of the peer could not be used. */
  | "negotiation" | "bad_candidate"
  /** Neither an address nor a relay could be had; it is tried again. */
  | "no_candidates"
  /** A STUN or TURN server answered with an error. */
  | "ice_server"
  /** Only a relay is wanted, and this server has none: the end of the call. */
  | "no_relay"
  /** No camera or microphone could be had; the browser's error is the `cause`. */
  | "device";

/** Any value that JSON can carry. */
export type JSONValue =
  | string | number | boolean | null | JSONValue[] | { [name: string]: JSONValue };

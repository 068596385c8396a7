// What the demo page says, in words for people.

export const WORDS = {
  unreachable: "The server cannot be reached. Is it running, and are you online?",
  room_full: "This room is full. Try again when somebody has left.",
  server_full: "The server is full right now. Try again in a while.",
  bad_room: "A room name has 1 to 64 letters, digits or . _ ~ - and no spaces.",
  bad_name: "This name is too long, or has characters in it that a name cannot have.",
  tenant_full: "This server has no room for more of you right now. Try again in a while.",
  bad_token: "This server wants a join token, and this is not one that it knows.",
  token_expired: "This join token is too old. Ask for a new one.",
  forbidden: "This join token is for another room.",
  too_many_attempts: "Too many attempts failed. Wait for a while before you try again.",
  not_permitted: "You may not do this here.",
  going_away: "The server is being restarted.",
  slow: "The connection to the server was too slow.",
  lost: "The connection to the server was lost.",
  undelivered: "Not everything that you wrote may have arrived.",
  too_fast: "The server is away for so long that nothing more can wait. Try again later.",
  device: "The camera or microphone went away, and there is no other.",
  replaced: "This call goes on in another window.",
  flood: "Too much was sent at once, so the server closed the connection.",
  too_large: "This message is too long.",
  no_relay: "“Relay only” is on, but this server has no relay. Join again without it.",
  no_candidates: "No way out was found: the relay does not answer or is full. Trying again…",
};

export const MEDIA_WORDS = {
  NotAllowedError: "The camera and microphone are not allowed for this page.",
  NotFoundError: "There is no camera and no microphone.",
  NotReadableError: "The camera or microphone is busy: another program uses it.",
  insecure: "This page did not come over https, so the browser gives it no camera.",
};

export const LINK_WORDS = {
  new: "connecting…", connecting: "connecting…", connected: "",
  disconnected: "connection lost, waiting…", failed: "connection lost, trying again…",
  closed: "gone",
};

/** What went wrong, for people. */
export function words(error) {
  const reason = error.message ? `: “${error.message}”` : ".";
  if (error.code === "kicked") return `A moderator has sent you out${reason}`;
  if (error.code === "room_closed") return `A moderator has closed the room${reason}`;
  return WORDS[error.code] ?? error.message;
}

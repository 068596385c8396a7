// STUN.

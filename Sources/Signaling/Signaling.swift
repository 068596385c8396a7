// Signaling.

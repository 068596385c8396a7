// Signaling service.

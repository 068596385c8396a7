// Digests.

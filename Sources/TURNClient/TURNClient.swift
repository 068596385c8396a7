// TURN client.

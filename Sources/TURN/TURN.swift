// TURN.

// WebSocket.

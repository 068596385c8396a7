"""A TCP proxy on loopback whose connections can all be cut at once, as a failing network does."""

import socket
import struct
import threading


class CuttableProxy:
    """Forwards to one address. Use with `with`; `port` is where it listens."""

    def __init__(self, host, port):
        self._target = (host, port)
        self._lock = threading.Lock()
        self._open = set()
        self._away = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.cut()

    def cut(self):
        """Resets every connection, and every new one until `mend`."""
        with self._lock:
            self._away = True
            connections, self._open = self._open, set()
        for connection in connections:
            reset(connection)

    def mend(self):
        with self._lock:
            self._away = False

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            try:
                server = socket.create_connection(self._target)
            except OSError:
                reset(client)
                continue
            with self._lock:
                away = self._away
                if not away:
                    self._open |= {client, server}
            if away:
                reset(client)
                reset(server)
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while data := source.recv(65_536):
                # Under the lock, so that after a cut not a byte passes: else who is cut last could
                # still hear from the server that the others are lost.
                with self._lock:
                    if self._away:
                        return
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut, or the other end has gone
        with self._lock:
            self._open.discard(source)


def reset(connection):
    """Closes with RST instead of FIN, as when a machine on the way forgets the connection."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
    except OSError:
        pass
    connection.close()

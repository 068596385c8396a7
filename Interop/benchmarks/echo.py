"""The fastest WebSocket echo that Python offers: picows on uvloop, for benchmarks/signaling.

    python echo.py PORT
"""

import asyncio
import sys

import uvloop
from picows import WSListener, WSMsgType, ws_create_server


class Echo(WSListener):
    """Sends every message back, without looking at it."""

    def on_ws_frame(self, transport, frame):
        """A whole frame."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())


async def main(port: int) -> None:
    """Serves until it is killed."""
    server = await ws_create_server(lambda _: Echo(), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))

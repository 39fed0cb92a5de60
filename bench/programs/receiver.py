"""Stands where mParticle's Events API would, and only takes: every POST is answered with 202, its body added to a file, a line each.

The sandbox's stand-in checks each batch by mParticle's rules, which costs more than sending it: beside it a fast sender is measured by the
stand-in's speed. What is kept here is checked by the bench after the clock has stopped. It prints its port, and ends with its standard input.

    python receiver.py FILE
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import IO

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nX-mp-rate-limit-percentage-used: 1\r\n\r\n"
HEAD_LIMIT_BYTES = 1 << 20


async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bodies: IO[bytes]) -> None:
    """Answer the requests of a connection until it closes."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
            body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
            packed = fields.get(b"content-encoding", b"").strip() == b"gzip"
            bodies.write((body.hex().encode() if packed else body.replace(b"\n", b" ")) + b"\n")
            bodies.flush()
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(path: Path) -> None:
    """Serve until standard input ends."""
    with path.open("ab") as bodies:
        server = await asyncio.start_server(lambda reader, writer: take(reader, writer, bodies), "127.0.0.1", 0, limit=HEAD_LIMIT_BYTES)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

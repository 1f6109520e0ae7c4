"""A wire that is far away: bytes pass later, as many at a time as there are.

`SlowWire` listens in a process of its own, so that it takes no time from whoever is
measured. It delays each way by half a round trip and limits no throughput: what is
under way waits in memory. Run as a program it is that process.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"
CHUNK_BYTES = 1 << 18


@contextmanager
def slow_wire(to_port: int, *, round_trip_seconds: float) -> Iterator[int]:
    """Lay a wire to a port of this machine until the block ends; gives its own port."""
    command = [sys.executable, "-m", __name__, str(to_port), str(round_trip_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _serve(to_port: int, delay_seconds: float) -> None:
    async def connect(
        near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter
    ) -> None:
        far_in, far_out = await asyncio.open_connection(HOST, to_port)
        await asyncio.gather(
            _pass_on(near_in, far_out, delay_seconds),
            _pass_on(far_in, near_out, delay_seconds),
        )
        near_out.close()
        far_out.close()

    server = await asyncio.start_server(connect, HOST, 0, limit=CHUNK_BYTES)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _pass_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, delay_seconds: float
) -> None:
    """Hand on each piece when its time has come, and the end of the stream after it."""
    clock = asyncio.get_running_loop().time
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - clock())
            if not data:
                break
            target.write(data)
        with suppress(OSError):
            target.write_eof()

    arriving = asyncio.create_task(arrive())
    with suppress(ConnectionError):
        while data := await source.read(CHUNK_BYTES):
            under_way.put_nowait((clock() + delay_seconds, data))
    under_way.put_nowait((clock() + delay_seconds, b""))
    await arriving


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 2))

"""Frames of Binance's user stream a second: decoded in one thread, and read from a loopback socket by our reader."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Figures = dict[str, Any]


def frames_decoded(seconds: float) -> Figures:
    """Decode recorded-like frames of the user stream in one thread, as fast as it goes."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from binance_payloads import REPORTS

    from autotrader.execution.adapters.binance.codec import CodecSettings, decode_user_frame

    settings, found = CodecSettings("acc"), {}
    for kind, names in (("trade", ["report trade"]), ("new", ["report new"]), ("mixed", list(REPORTS))):
        frames = [REPORTS[name] for name in names]
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            for frame in frames * (512 // len(frames)):
                decode_user_frame(frame, settings, 1)
                done += 1
        found[f"{kind}_per_s"] = round(done / (time.perf_counter() - began))
    return found


def frames_over_a_socket(n: int) -> Figures:
    """Read ``n`` trades from a loopback WebSocket that sends without a pause, with our reader, and decode them."""
    import threading

    sys.path.insert(0, str(HERE.parent / "tests"))
    from binance_payloads import REPORTS

    from autotrader.clock import SystemClock
    from autotrader.execution.adapters.binance.codec import CodecSettings, decode_user_frame
    from autotrader.execution.adapters.stream import StreamReader
    from autotrader.execution.adapters.wire import FrameReceived, StreamClosed

    settings, frame = CodecSettings("acc"), REPORTS["report trade"]
    process = subprocess.Popen([sys.executable, "-c", _BLAST, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(frame)
    process.stdin.close()
    port = int(process.stdout.readline())
    done, ends, times = [0], threading.Event(), [0.0, 0.0]

    class Taker:
        def tell(self, message: Any, /) -> None:
            for one in message if isinstance(message, list) else [message]:
                if isinstance(one, FrameReceived):
                    times[0] = times[0] or time.perf_counter()
                    decode_user_frame(one.data, settings, one.recv_ns)
                    done[0] += 1
                elif isinstance(one, StreamClosed):
                    times[1] = time.perf_counter()
                    ends.set()

    reader = StreamReader("user", 1, f"ws://127.0.0.1:{port}/", Taker(), SystemClock())
    reader.start()
    ends.wait(120)
    process.kill()
    process.wait()
    if done[0] != n:
        raise RuntimeError(f"{done[0]} of {n} frames came")
    return {"n": n, "frames_per_s": round(n / (times[1] - times[0])), "frame_bytes": len(frame)}


_BLAST = """
import asyncio, sys
from aiohttp import web
frame = sys.stdin.buffer.read().decode()
async def blast(request):
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    for _ in range(int(sys.argv[1])):
        await socket.send_str(frame)
    await socket.close()
    return socket
async def main():
    app = web.Application()
    app.router.add_get("/", blast)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.sleep(300)
asyncio.run(main())
"""

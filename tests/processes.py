"""`rurban` as a process of its own, with settings of the test's own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def environment(data_dir: Path, **settings: object) -> dict[str, str]:
    """The settings as environment, with nothing of the caller's own `RURBAN_` settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RURBAN_")}
    chosen = {f"RURBAN_{name.upper()}": str(value) for name, value in settings.items()}
    free = {f"RURBAN_GATEWAY_{name}_PORT": "0" for name in ("SL651", "HJ212", "SZY206")}
    return inherited | {"RURBAN_DATA_DIR": str(data_dir)} | free | chosen


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rurban", *arguments]


@contextlib.contextmanager
def rurban(
    *arguments: str, data_dir: Path, log: Path | None = None, **settings: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Running; asked to stop with the context, and killed when it does not."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context((log or data_dir / "rurban.log").open("ab"))
        process = subprocess.Popen(
            command(*arguments),
            env=environment(data_dir, **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

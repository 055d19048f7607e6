"""`rurban ingest` as the process that it is in a running house, to be killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.processes import command, environment

INGEST = command("ingest")
SHIFTED = [sys.executable, "-m", "bench.chaos.shifted"]
_LOOK_S = 0.02
_START_S = 60.0
_STOP_S = 60.0
_LISTENING = b"listening"


class WorkerProcess:
    """One at a time, always on the same folder and with the same settings."""

    def __init__(self, data_dir: Path, log: Path, words: Sequence[str], settings: dict[str, object]) -> None:
        """Not started yet; its log is outside its data folder, which a fault may fill."""
        self._words = list(words)
        self._environment = environment(data_dir, **settings)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None = it does not run."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> int:
        """Process id; there must be one."""
        if self._process is None:
            raise ProcessLookupError("the worker does not run")
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """The exit code of one that has ended by itself."""
        return None if self._process is None else self._process.poll()

    def start(self, *, waiting: bool = True) -> None:
        """Run; `waiting` = until it listens to its broker."""
        before = self._starts()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_S
        while waiting and self._starts() == before:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"the worker does not listen:\n{self.told()}")
            time.sleep(_LOOK_S)

    def send(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """As the kernel does when memory is short: no chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """In order; killed when it does not end in time."""
        if self._process is None:
            return
        self.send(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def told(self) -> str:
        """The end of its log."""
        return self._log.read_text("utf-8")[-4000:] if self._log.exists() else ""

    def _starts(self) -> int:
        return self._log.read_bytes().count(_LISTENING) if self._log.exists() else 0

"""`rurban ingest` whose clock jumps: SIGUSR1 sets it a day ahead, SIGUSR2 right again.

The house reads the clock at one port only, so the whole worker believes this one.
"""

import contextlib
import logging
import signal
import sys

from ingest.mqtt import Bus
from rurban import house as composition
from rurban.running import until_stopped
from rurban.settings import Settings

DAY_MS = 86_400_000


def main() -> None:
    """As the command does it, but for the clock."""
    ahead_ms = 0

    def clock() -> int:
        return composition.now() + ahead_ms

    def set_clock(number: int, _frame: object) -> None:
        nonlocal ahead_ms
        ahead_ms = DAY_MS if number == signal.SIGUSR1 else 0

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, set_clock)
    settings = Settings()
    logging.basicConfig(level=settings.log_level, stream=sys.stderr)
    with (
        composition.opened(settings, clock) as house,
        contextlib.closing(Bus(composition.broker(settings), "shifted-bus", clock=clock)) as bus,
        composition.settlement(house, settings.mqtt_client_id, bus.tell) as settling,
    ):
        worker = composition.worker(house, settling, bus.tell)
        bus.start()
        until_stopped(worker)


if __name__ == "__main__":
    main()

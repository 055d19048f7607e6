"""`rurban ingest`: the worker alone. It loads no API, no boards, and of the stores only the one that it writes to."""

from rurban import house as composition
from rurban import sign_of_life
from rurban.house import now
from rurban.running import until_stopped
from rurban.settings import Settings
from rurban.shelf import shelved


def ingest(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    alive = sign_of_life.path(settings.data_dir)
    with (
        composition.opened(settings) as house,
        composition.bus(house, "bus") as bus,
        sign_of_life.given(alive, now) as beat,
        composition.settlement(house, settings.mqtt_client_id, bus.tell) as settling,
    ):
        shelved(settings, house.registry)
        composition.settle_left_behind(house, settings.mqtt_client_id)
        worker = composition.worker(house, settling, bus.tell, beat)
        bus.start()
        with composition.reporting_on(house, worker), composition.counted_nightly(house):
            until_stopped(worker)

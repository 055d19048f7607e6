"""Files of history into a house, one at a time."""

import contextlib
from functools import partial
from typing import BinaryIO

from devices import history
from ingest.directory import CurrentDirectory
from ingest.history import Importer
from rurban.house import House, RegistryDirectory, clock_limits, drained, settlement
from rurban.settings import Settings
from telemetry.history import HistoryImport, Imported, Listener, Wanted
from telemetry.store.retention import kept_since


def history_import(house: House) -> HistoryImport:
    """Imports files of history into this house, one at a time."""
    settings = house.settings

    def run(file: BinaryIO, name: str, wanted: Wanted, listener: Listener) -> Imported:
        found = history.opened(file, name, form=wanted.form, tz=wanted.tz)
        heard = house.registry.heard.find()
        with contextlib.ExitStack() as stack:
            settling = None if wanted.dry_run else stack.enter_context(settlement(house, _importing(settings)))
            importer = Importer(
                CurrentDirectory(RegistryDirectory(house.registry), house.clock),
                house.store,
                None if settling is None else drained(settling).settle,
                limits=clock_limits(settings),
                clock=house.clock,
                kept_since=partial(kept_since, settings.keep_days, house.clock),
                doubted={device: each.ahead_until for device, each in heard.items() if each.ahead_until},
            )
            return importer.run(found, wanted, listener)

    return run


def _importing(settings: Settings) -> str:
    """Under which name imports settle: beside the worker, who may be at work."""
    return f"{settings.mqtt_client_id}-import"

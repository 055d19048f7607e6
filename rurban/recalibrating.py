"""Calibrations into a house: kept, taken up by its workers, and its stored readings brought in line."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from devices.codecs import CODECS
from ingest.directory import Directory, Entry
from ingest.recalibration import Recalibrator
from ingest.worker import REFRESH_S
from rurban.house import House, drained, settlement
from telemetry.calibration import Calibration, Recalibrated, Recalibration, end, entered
from telemetry.calibration_rules import check
from telemetry.errors import Invalid
from telemetry.metrics import METRICS
from telemetry.recount import SETTLED_AFTER_S
from telemetry.store.retention import kept_since

TAKEN_UP_S = REFRESH_S + SETTLED_AFTER_S
"""So long after a change every worker computes by it, and what was computed before is in the store."""


def recalibration(house: House, *, pause: Callable[[float], object] = time.sleep) -> Recalibration:
    """Enters calibrations into this house, one at a time."""

    def run(calibration: Calibration, *, dry_run: bool) -> Recalibrated:
        registry, settings = house.registry, house.settings
        device = registry.devices.one(calibration.device)
        profile = registry.devices.profile(device.profile)
        known = registry.calibrations.of(device.id)
        check(calibration, profile, known)
        entry = _entry(
            Directory([device], [profile], entered(known, calibration), codecs=CODECS, metrics=METRICS), device.id
        )
        kept = kept_since(settings.keep_days, house.clock)
        start = max(calibration.valid_from, kept + 1)
        found = Recalibrated(start, end(calibration, known), written=not dry_run)
        with ExitStack() as stack:
            settle = None
            if not dry_run:
                settle = drained(
                    stack.enter_context(settlement(house, f"{settings.mqtt_client_id}-calibration"))
                ).settle
                registry.calibrations.put(calibration)
                pause(TAKEN_UP_S)
            worker = Recalibrator(entry, entered(known, calibration), house.store, settle, house.clock)
            worker.run(calibration, found)
        return found

    return run


def _entry(directory: Directory, device: str) -> Entry:
    found = directory.entry(device)
    if found is None:
        codecs = ", ".join(directory.missing_codecs)
        raise Invalid(
            "device", f"its profile cannot be read: no codec {codecs or 'or a wrong path'}", "a profile in use"
        )
    return found

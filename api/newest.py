"""The newest readings, with their age, and whether their device has fallen silent."""

from collections.abc import Collection, Mapping, Sequence

from api.answers import LatestReading
from api.atlas import Atlas
from api.words import flag_words
from telemetry.instant import iso
from telemetry.metrics import METRICS
from telemetry.model import SUSPECT, Device, Reading
from telemetry.store.ports import ReadingReader

SILENT_INTERVALS = 3
"""A device that missed so many of its expected readings is offline."""


def newest(
    reader: ReadingReader,
    chosen: Sequence[tuple[Device, str | None]],
    metrics: Collection[str] | None,
) -> list[Reading]:
    """The newest reading of every series and metric of these devices, by device and metric."""
    whole = {device.id for device, series in chosen if series is None}
    single = {series for _, series in chosen if series is not None}
    found = reader.latest({device.id for device, _ in chosen}, metrics)
    kept = [
        reading
        for reading in found
        if reading.device in single or reading.device in whole or reading.device.rpartition(":")[0] in whole
    ]
    return sorted(kept, key=lambda reading: (reading.device, reading.metric))


def latest_answers(atlas: Atlas, readings: Sequence[Reading], now: int) -> list[LatestReading]:
    """Without what is no longer in the catalogue or the registry."""
    found = []
    for reading in readings:
        device = atlas.device_of(reading.device)
        metric = METRICS.get(reading.metric)
        if device is None or metric is None:
            continue
        age_s = (now - reading.at) / 1000
        found.append(
            LatestReading(
                device=reading.device,
                region=device.region,
                metric=reading.metric,
                unit=metric.unit,
                value=reading.value,
                at=iso(reading.at),
                received_at=iso(reading.received_at),
                age_s=age_s,
                quality=list(flag_words(reading.quality)),
                suspect=bool(reading.quality & SUSPECT),
                offline=_offline(atlas, device, reading.metric, age_s),
            )
        )
    return found


def fresh(atlas: Atlas, readings: Sequence[Reading], now: int) -> Mapping[str, list[Reading]]:
    """By metric, the good readings of devices that are neither offline nor probes for experiments."""
    found: dict[str, list[Reading]] = {}
    for reading in readings:
        device = atlas.device_of(reading.device)
        if device is None or reading.quality & SUSPECT or atlas.profiles[device.profile].open:
            continue
        if not _offline(atlas, device, reading.metric, (now - reading.at) / 1000):
            found.setdefault(reading.metric, []).append(reading)
    return found


def _offline(atlas: Atlas, device: Device, metric: str, age_s: float) -> bool | None:
    measure = atlas.measure(device, metric)
    if measure is None or measure.interval_s is None:
        return None
    return age_s > SILENT_INTERVALS * measure.interval_s

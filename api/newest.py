"""The newest readings, with their age, and whether their device has fallen silent."""

from collections.abc import Collection, Mapping, Sequence

from api.answers import LatestReading
from api.atlas import Atlas
from api.words import flag_words
from insight.silence import Presence, is_silent, presence
from telemetry.instant import iso
from telemetry.metrics import METRICS
from telemetry.model import SUSPECT, Device, Heard, Reading
from telemetry.store.ports import ReadingReader


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


def latest_answers(
    atlas: Atlas, readings: Sequence[Reading], heard: Mapping[str, Heard], now: int
) -> list[LatestReading]:
    """Without what is no longer in the catalogue or the registry; `heard` are receipts by device."""
    found = []
    there = _present(atlas, readings, heard, now)
    for reading in readings:
        device = atlas.device_of(reading.device)
        metric = METRICS.get(reading.metric)
        if device is None or metric is None:
            continue
        offline, since = _silence(atlas, there[device.id], reading, now)
        found.append(
            LatestReading(
                device=reading.device,
                region=device.region,
                metric=reading.metric,
                unit=metric.unit,
                value=reading.value,
                at=iso(reading.at),
                received_at=iso(reading.received_at),
                age_s=(now - reading.at) / 1000,
                quality=list(flag_words(reading.quality)),
                suspect=bool(reading.quality & SUSPECT),
                experiment=atlas.profiles[device.profile].open,
                offline=offline,
                offline_since=None if since is None else iso(since),
            )
        )
    return found


def fresh(atlas: Atlas, readings: Sequence[Reading], now: int) -> Mapping[str, list[Reading]]:
    """By metric, the good readings of devices that are neither silent in this measure nor probes for experiments."""
    found: dict[str, list[Reading]] = {}
    for reading in readings:
        device = atlas.device_of(reading.device)
        if device is None or reading.quality & SUSPECT or atlas.profiles[device.profile].open:
            continue
        if _missed(atlas, device, reading, now) is None:
            found.setdefault(reading.metric, []).append(reading)
    return found


def _present(atlas: Atlas, readings: Sequence[Reading], heard: Mapping[str, Heard], now: int) -> dict[str, Presence]:
    """By device, of those that wrote the readings; one that was never heard itself is as old as its newest reading."""
    last: dict[str, int] = {}
    devices: dict[str, Device] = {}
    for reading in readings:
        device = atlas.device_of(reading.device)
        if device is not None:
            devices[device.id] = device
            last[device.id] = max(last.get(device.id, 0), reading.received_at)
    unheard = Heard("", 0)
    return {
        name: presence(
            device,
            atlas.profiles[device.profile],
            heard[name].at if name in heard else last[name],
            now,
            gone_at=heard.get(name, unheard).gone_at,
        )
        for name, device in devices.items()
    }


def _silence(atlas: Atlas, there: Presence, reading: Reading, now: int) -> tuple[bool | None, int | None]:
    """Whether the device, or this measure of it, is silent, and since when."""
    if there.offline is not False:
        return there.offline, there.since
    since = _missed(atlas, there.device, reading, now)
    return since is not None, since


def _missed(atlas: Atlas, device: Device, reading: Reading, now: int) -> int | None:
    """When the next reading of a measure that has fallen silent was due; None = it has not, or reports on event."""
    measure = atlas.measure(device, reading.metric)
    if measure is None or measure.interval_s is None or not is_silent(reading.at, measure.interval_s, now):
        return None
    return reading.at + int(measure.interval_s * 1000)

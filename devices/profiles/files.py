"""Reads device models from TOML, and says of a wrong one in which file, at which key, and what would be right.

Pure but for reading the files.
"""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from devices.origins import located
from devices.profiles import layout
from telemetry.errors import Invalid, Rejected, Unknown
from telemetry.metrics import metric
from telemetry.model import Measure, Origin, Profile
from telemetry.units import conversion

PACKAGED: Final = Path(__file__).parent
"""Where the models that come with the house are."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A reading that must come of an example, in the catalogue's unit."""

    metric: str
    value: float
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A payload of the model, and what becomes of it."""

    source: str
    """Where it was published."""
    payload: bytes
    decoded: bool
    """It is what the decoder of a LoRaWAN network server makes of the bytes, not what the device publishes itself."""
    topic: str
    """On which it is published, with `{device}` for the device; of a decoded one that of the server's event."""
    readings: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """A device model, and how far it can be trusted."""

    path: Path
    profile: Profile
    source: str
    """Document or address that tells how the model speaks."""
    checked: bool
    """Held against a payload that was published: it is among the examples."""
    reason: str
    """Why it is not checked; empty = it is."""
    note: str
    """What whoever sets the device up must know."""
    examples: tuple[Example, ...]


def profile_files(folder: Path, codecs: Collection[str]) -> dict[str, ProfileFile]:
    """All models of a folder and the folders in it, by id; `codecs` are the formats that there are.

    Raises:
        Invalid: naming file, key, what is wrong and what would be right; also for a folder that cannot be read, and
            for an id that stands in two files.
    """
    if not folder.is_dir():
        raise Invalid(str(folder), "is no folder that can be read", "a folder of TOML files (docs/profiles.md)")
    found: dict[str, ProfileFile] = {}
    for path in sorted(folder.rglob("*.toml")):
        file = profile_file(path, codecs)
        before = found.setdefault(file.profile.id, file)
        if before is not file:
            raise Invalid(f"{path}, id", f"{file.profile.id!r} is that of {before.path}, too", "each id once")
    return found


def profile_file(path: Path, codecs: Collection[str]) -> ProfileFile:
    """One model; `Invalid` as for `profile_files`."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(str(path), f"cannot be read: {error}", "TOML in UTF-8 (docs/profiles.md)") from error
    try:
        sheet = layout.Sheet.model_validate(table)
    except ValidationError as error:
        key, wrong, allowed = layout.explained(error)
        raise Invalid(f"{path}, {key}" if key else str(path), wrong, allowed) from error
    profile = Profile(
        sheet.id,
        sheet.name,
        sheet.codec,
        tuple(_measure(name, row, sheet.interval_s) for name, row in sheet.measures.items()),
        sheet.open,
    )
    _check(path, profile, codecs)
    _check_examples(path, sheet)
    return ProfileFile(
        path=path,
        profile=profile,
        source=sheet.source,
        checked=sheet.checked,
        reason=sheet.reason,
        note=sheet.note,
        examples=tuple(_example(one, sheet.source) for one in sheet.examples),
    )


def _measure(name: str, row: layout.Measure, interval_s: float | None) -> Measure:
    return Measure(
        metric=name,
        origins=tuple(Origin(one.path, one.channel, one.at) for one in row.origins),
        **row.model_dump(exclude={"origins", "interval_s"}),
        interval_s=interval_s if row.interval_s is None else row.interval_s,
    )


def _check(path: Path, profile: Profile, codecs: Collection[str]) -> None:
    """What only catalogue and codecs can tell."""
    if profile.codec not in codecs:
        raise Invalid(f"{path}, codec", f"{profile.codec!r} is no payload format", ", ".join(sorted(codecs)))
    for measure in profile.measures:
        where = f"{path}, measures.{measure.metric}"
        try:
            unit = metric(measure.metric).unit
            conversion(measure.unit or unit, unit)
        except Unknown as unknown:
            raise Invalid(where, str(unknown), "a metric of the catalogue (/api/v1/metrics)") from unknown
        except Rejected as rejected:
            raise Invalid(f"{where}.unit", rejected.detail) from rejected
    try:
        located(profile)
    except Invalid as invalid:
        raise Invalid(f"{path}, {invalid.where}", invalid.wrong, invalid.allowed) from invalid


def _check_examples(path: Path, sheet: layout.Sheet) -> None:
    for number, one in enumerate(sheet.examples):
        for position, reading in enumerate(one.readings):
            if reading.metric not in sheet.measures and not sheet.open:
                raise Invalid(
                    f"{path}, examples.{number}.readings.{position}.metric",
                    f"{reading.metric!r} is no measure of this file",
                    ", ".join(sheet.measures),
                )


def _example(one: layout.Example, source: str) -> Example:
    payload = bytes.fromhex(one.hex) if one.hex is not None else (one.payload or one.object or "").encode()
    return Example(
        source=one.source or source,
        payload=payload,
        decoded=one.object is not None,
        topic=one.topic,
        readings=tuple(Expected(row.metric, row.value, row.channel) for row in one.readings),
    )

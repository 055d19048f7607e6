"""What messages of a device that nobody has registered can be read as, and which device models take all of it.

Formats that name what they say are tried as they are; the others need a profile that says where values stand, so each
profile is tried. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from devices.codecs import CODECS, json_paths
from devices.codecs.port import Codec, Context, Speech
from ingest.directory import Plan
from ingest.sources import family_of, source_of
from telemetry.discovery import Recognised
from telemetry.errors import Invalid, Rejected
from telemetry.instant import DAY_MS
from telemetry.metrics import METRICS
from telemetry.model import Profile, Quarantined, Sample

PLAIN: Final = ("native_json", "senml_json", "senml_cbor")
"""Formats that name what they say, and can be told from anything else."""
WRAPPED: Final = (*PLAIN, "cayenne_lpp")
"""Those that a network server hands over: of bytes without a name, only these are worth a guess."""
_TRIED: Final = 5
"""Messages that each profile is tried on."""
_LARGEST: Final = 16 * 1024
"""Bytes of a payload that is looked into."""
_MOST_FIELDS: Final = 40
_LONGEST: Final = 80
_DEEPEST: Final = 8
_BEYOND: Final = 2**63
OLDEST_MS: Final = 31 * DAY_MS
"""Before its receipt: what is older is a clock that is not set, or history."""


class Recognition:
    """See telemetry.discovery.Recogniser."""

    def recognised(self, messages: Sequence[Quarantined], profiles: Sequence[Profile]) -> Recognised:
        """See Recogniser."""
        topic = messages[0].topic
        codec, samples = _self_explaining(messages)
        plans = _fitting(messages, profiles)
        if codec is None and plans:
            samples = _newest(_decoded(message, plans[0].speech) for message in messages)
        fields = () if samples else _fields(messages)
        return Recognised(family_of(topic), codec, samples, fields, tuple(plan.profile.id for plan in plans))

    def began(self, messages: Sequence[Quarantined], profile: Profile) -> int:
        """See Recogniser."""
        (plan,) = _plans([profile]) or (None,)
        began = messages[0].received_at
        for message in messages:
            samples = () if plan is None else _decoded(message, plan.speech)
            times = [sample.at for sample in samples if sample.at is not None]
            told = [at for at in times if at > message.received_at - OLDEST_MS]
            began = min(began, message.received_at, *told)
        return began


def _self_explaining(messages: Sequence[Quarantined]) -> tuple[str | None, tuple[Sample, ...]]:
    """The format that reads most of them, and what it reads."""
    best: tuple[str | None, list[list[Sample]]] = (None, [])
    for name in WRAPPED if _is_wrapped(messages[0].topic) else PLAIN:
        read = [samples for message in messages if (samples := _decoded(message, Speech(CODECS[name])))]
        if len(read) > len(best[1]):
            best = (name, read)
    return best[0], _newest(best[1])


def _is_wrapped(topic: str) -> bool:
    try:
        return source_of(topic)[1] is not None
    except Rejected:
        # Longer than the quarantine keeps a topic.
        return False


def _decoded(message: Quarantined, speech: Speech) -> list[Sample]:
    """Empty where it cannot be read so, or is so long that trying would keep others waiting."""
    if len(message.payload) > _LARGEST:
        return []
    try:
        device, wrapper = source_of(message.topic)
        context = Context(device, message.received_at, speech, message.topic)
        reader: Codec | None = wrapper or speech.content
        return [] if reader is None else reader.decode(message.payload, context)
    except Rejected:
        return []


def _newest(messages: Iterable[list[Sample]]) -> tuple[Sample, ...]:
    """Of each series the first, as the messages come newest first."""
    found: dict[tuple[str | None, str, str | None], Sample] = {}
    for samples in messages:
        told: dict[tuple[str | None, str, str | None], Sample] = {}
        for sample in samples:
            told[sample.device, sample.metric, sample.channel] = sample
        found = told | found
    return tuple(found[series] for series in sorted(found, key=str))


def _plans(profiles: Sequence[Profile]) -> list[Plan]:
    plans = []
    for profile in profiles:
        if profile.codec in CODECS:
            try:
                plans.append(Plan(profile, CODECS[profile.codec], METRICS))
            except Invalid:
                # The worker warns of it; nobody is advised to take it.
                continue
    return plans


def _fitting(messages: Sequence[Quarantined], profiles: Sequence[Profile]) -> list[Plan]:
    """Those that take all of what they read: what reports little else comes first, what takes anything last."""
    fitting = []
    for plan in _plans(profiles):
        samples = [sample for message in messages[:_TRIED] for sample in _decoded(message, plan.speech)]
        if samples and all(_takes(plan, sample) for sample in samples):
            fitting.append(plan)
    return sorted(fitting, key=lambda plan: (plan.profile.open, len(plan.profile.measures), plan.profile.id))


def _takes(plan: Plan, sample: Sample) -> bool:
    try:
        plan.channel(sample.metric, sample.unit)
    except Rejected:
        return False
    return True


def _fields(messages: Sequence[Quarantined]) -> tuple[tuple[str, float | str], ...]:
    """What stands in their JSON, by place; the newest of each."""
    found: dict[str, float | str] = {}
    for message in messages:
        try:
            document = json_paths.document(message.payload[:_LARGEST])
        except Rejected:
            continue
        if not isinstance(document, dict | list):
            document = {message.topic.split("/")[-2]: document} if family_of(message.topic) == "esphome" else document
        for place, value in _leaves(document, "$", _DEEPEST):
            if len(found) >= _MOST_FIELDS:
                break
            found.setdefault(place, value)
    return tuple(sorted(found.items()))


def _leaves(document: object, place: str, depth: int) -> Iterator[tuple[str, float | str]]:
    """Numbers and words with their JSONPath (RFC 9535)."""
    if isinstance(document, dict | list):
        inside = document.items() if isinstance(document, dict) else enumerate(document)
        for name, value in inside if depth else ():
            yield from _leaves(value, place + _step(name), depth - 1)
    elif isinstance(document, bool):
        yield place, str(document).lower()
    elif isinstance(document, float) or (isinstance(document, int) and abs(document) < _BEYOND):
        yield place, float(document)
    elif isinstance(document, str):
        yield place, document[:_LONGEST]


def _step(name: str | int) -> str:
    if isinstance(name, str) and name.isidentifier() and name.isascii():
        return f".{name}"
    return f"[{msgspec.json.encode(name).decode()}]"

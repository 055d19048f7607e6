"""What the API is made of: the parts it is given, already open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from api.live import LiveHub
from devices.profiles import ProfileFile
from telemetry.calibration import Recalibration
from telemetry.discovery import Recogniser
from telemetry.history import HistoryImport
from telemetry.registry import Registry
from telemetry.store.ports import ReadingReader


@dataclass(frozen=True, slots=True)
class MapTiles:
    """What the live page may draw under the places."""

    address: str
    """With {z}, {x} and {y}: WGS 84, Web Mercator."""
    credit: str
    """Whose map it is."""

    @property
    def origin(self) -> str:
        """Scheme, host and port: what the page's policy must let in."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class Services:
    """The open parts; whoever opened them closes them."""

    registry: Registry
    reader: ReadingReader
    live: LiveHub
    publish: Callable[[str, bytes], None]
    """Send a payload to an MQTT topic; raises a `RurbanFault` or `ConnectionError` when the bus is away."""
    clock: Callable[[], int]
    """Milliseconds UTC."""
    probes: Mapping[str, Callable[[], str]]
    """By part: a word of detail when it is well, a `RurbanFault` when it is not."""
    metrics: CollectorRegistry
    """Where the API counts its own requests, and what `/metrics` shows."""
    zone: ZoneInfo
    """The house zone; shown to clients, never assumed for them."""
    history: HistoryImport
    """Called by one request at a time."""
    recalibration: Recalibration
    """Likewise, and not while a file is imported."""
    recogniser: Recogniser
    profile_files: Mapping[str, ProfileFile] = field(default_factory=dict)
    """Where device models were read from, by their ids."""
    largest_import: int = 512 * 1024 * 1024
    """Bytes that one request may import."""
    clock_limit_s: float = 300.0
    """How far a device's clock may be off."""
    page: Path | None = None
    """Folder of the built live page; None, or one without an `index.html` = there is none."""
    tiles: MapTiles | None = None
    token: str | None = None
    """Bearer token that every request under `/api/v1` must carry; None = open."""

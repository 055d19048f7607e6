"""Where a device publishes, as far as its profile tells it."""

from api.atlas import Atlas
from telemetry.model import Device

_NATIVE = frozenset({"native_json", "senml_json", "senml_cbor"})
_STATIONS = frozenset({"hj212", "sl651", "szy206"})


def uplink_topic(device: Device, atlas: Atlas) -> str | None:
    """None = a network server, an edge node or the device's own firmware decides (docs/formats.md)."""
    codec = atlas.profile(device.profile).codec
    if codec in _STATIONS:
        return f"dtu/{codec}/{device.id}"
    return f"rurban/v1/{device.gateway or device.id}/up" if codec in _NATIVE else None

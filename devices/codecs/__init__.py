"""Payload formats: one module each, found by folder. `port.py` says what a codec is, and is none itself."""

from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.codecs.port import Codec, Reporter, Writer

__all__ = ["CODECS", "REPORTERS", "WRITERS"]


def _codecs() -> "dict[str, Codec]":
    names = sorted(module.name for module in iter_modules(__path__) if module.name != "port")
    return {name: cast("Codec", import_module(f"{__name__}.{name}")) for name in names}


CODECS: "Final[Mapping[str, Codec]]" = MappingProxyType(_codecs())
"""By name: the module's name, and the value in the device profile."""

WRITERS: "Final[Mapping[str, Writer]]" = MappingProxyType(
    {name: cast("Writer", codec) for name, codec in CODECS.items() if hasattr(codec, "encode")}
)
"""Those that can be written."""

REPORTERS: "Final[Mapping[str, Reporter]]" = MappingProxyType(
    {name: cast("Reporter", codec) for name, codec in CODECS.items() if hasattr(codec, "report")}
)
"""Those in which stations can be made to speak."""

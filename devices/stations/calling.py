"""A station's own side: it calls its gateway, sends a frame, and waits until it is told that the frame is kept."""

import socket
from collections.abc import Callable, Mapping
from typing import Final

from devices.stations import hj212, sl651
from telemetry.errors import BrokerUnavailable

_PATIENCE_S: Final = 30.0
"""Longer than a gateway waits for the broker."""
_CHUNK: Final = 4096


def _sl651_is_kept(frame: bytes, heard: bytes) -> bool:
    return sl651.is_answer(heard, sl651.packet(frame))


def _hj212_is_kept(frame: bytes, heard: bytes) -> bool:
    return heard.startswith(hj212.acknowledged(hj212.packet(frame.removesuffix(b"\r\n"))))


_IS_KEPT: Final[Mapping[str, Callable[[bytes, bytes], bool]]] = {"sl651": _sl651_is_kept, "hj212": _hj212_is_kept}
"""By protocol: whether what a station has heard after its frame says so."""


def call(protocol: str, address: tuple[str, int], frame: bytes, patience_s: float = _PATIENCE_S) -> None:
    """Send one frame over a connection of its own; done when the gateway at this address has it at the broker.

    Raises:
        BrokerUnavailable: Nothing listens there, or it gives no answer to the frame: send it again.
    """
    gateway = f"the gateway of {protocol} at {address[0]}:{address[1]}"
    is_kept, heard = _IS_KEPT[protocol], b""
    try:
        with socket.create_connection(address, patience_s) as line:
            line.sendall(frame)
            while not is_kept(frame, heard):
                more = line.recv(_CHUNK)
                heard += more
                if not more or len(heard) > _CHUNK:
                    raise BrokerUnavailable(f"{gateway} has not said that a frame is kept")
    except OSError as error:
        raise BrokerUnavailable(f"{gateway} does not answer: {error}") from error

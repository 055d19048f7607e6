"""The checksums of station protocols: three that look alike and are not."""

from typing import Final

_REFLECTED: Final = 0xA001
"""x^16 + x^15 + x^2 + 1, its bits in reverse."""
_SEVENTH: Final = 0xE5
"""x^7 + x^6 + x^5 + x^2 + 1. Some implementations have 0xE1, with which no published frame agrees."""


def _crc16_table() -> tuple[int, ...]:
    table = []
    for register in range(256):
        for _ in range(8):
            register = (register >> 1) ^ (_REFLECTED if register & 1 else 0)  # noqa: PLW2901 - eight steps of one byte
        table.append(register)
    return tuple(table)


def _crc8_table() -> tuple[int, ...]:
    table = []
    for register in range(256):
        for _ in range(8):
            register = ((register << 1) ^ (_SEVENTH if register & 0x80 else 0)) & 0xFF  # noqa: PLW2901 - likewise
        table.append(register)
    return tuple(table)


_CRC16: Final = _crc16_table()
_CRC8: Final = _crc8_table()


def sl651(data: bytes) -> int:
    """CRC-16/MODBUS, as SL 651-2014 has it; it is sent high byte first, unlike Modbus."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ _CRC16[(register ^ byte) & 0xFF]
    return register


def hj212(data: bytes) -> int:
    """As HJ 212-2017 annex A has it: the register is shifted by a byte before the next one is taken in, not after."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        register = (register >> 8) ^ _CRC16[register & 0xFF]
    return register


def szy206(data: bytes) -> int:
    """CRC-8 of SZY 206-2016, over the user data field alone."""
    register = 0
    for byte in data:
        register = _CRC8[register ^ byte]
    return register

"""The one error tree of the house.

    RurbanFault
    |-- Invalid            a value that cannot be accepted; names what, where and what would be right
    |-- Unknown            something named does not exist
    |-- Conflict           it exists already, or something else depends on it
    |-- Rejected           a payload that cannot become samples; `reason` is one of a bounded set
    |-- StoreUnavailable   the time-series store cannot take or give readings now; trying again may help
    |-- RegistryUnavailable   likewise the registry
    |-- BrokerUnavailable     likewise the MQTT broker
    |-- SpoolUnavailable      likewise the disk under the spool
    |-- GrafanaUnavailable    likewise Grafana, to which boards are uploaded

Foreign errors are translated at the adapter with `raise ... from`; `api/problems.py` maps this tree to HTTP in one
table.
"""

from enum import StrEnum


class RurbanFault(Exception):
    """Root of every error this project raises on purpose."""


class Invalid(RurbanFault):
    """A value that cannot be accepted: what was wrong, where, and what would be right."""

    def __init__(self, where: str, wrong: str, allowed: str = "") -> None:
        super().__init__(f"{where}: {wrong}" + (f"; allowed: {allowed}" if allowed else ""))
        self.where = where
        self.wrong = wrong
        self.allowed = allowed


class Unknown(RurbanFault):
    """Something named does not exist."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"unknown {what}: {name}")
        self.what = what
        self.name = name


class Conflict(RurbanFault):
    """It exists already, or something else depends on it."""


class Reason(StrEnum):
    """Why a message or sample is in quarantine: the bounded set."""

    MALFORMED = "malformed"
    """Not the format its source promises: broken JSON or CBOR, wrong types, missing fields."""
    UNSUPPORTED = "unsupported"
    """The format is right but asks for something this version must understand and does not."""
    EMPTY = "empty"
    """Well-formed, but holds no value."""
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    """Its source sends more than it may: counted, not decoded, and its content not kept."""
    NOT_FINITE = "not_finite"
    """NaN or infinity."""
    BAD_TIME = "bad_time"
    """A time that cannot be read, or outside the years 1970 to 2200."""
    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_METRIC = "unknown_metric"
    UNKNOWN_BIRTH = "unknown_birth"
    """It speaks by a birth that is not known: of an alias its name, or of a value its datatype."""
    UNKNOWN_UNIT = "unknown_unit"
    """A unit that is not in the table, or is of another dimension than the metric."""
    FOREIGN_DEVICE = "foreign_device"
    """The payload speaks for a device that may not use this topic."""
    STORE_REFUSED = "store_refused"
    """The time-series store can never keep this reading; the detail has its own words."""
    SPOOL_FULL = "spool_full"
    """Given up, by the operator's choice, when the store was away for longer than the spool has room for."""


class Rejected(RurbanFault):
    """A payload or sample that cannot become readings."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class StoreUnavailable(RurbanFault):
    """The time-series store cannot take or give readings now; trying again may help."""


class RegistryUnavailable(RurbanFault):
    """The registry database cannot answer now; trying again may help."""


class BrokerUnavailable(RurbanFault):
    """The MQTT broker cannot be reached or refuses now; trying again may help."""


class SpoolUnavailable(RurbanFault):
    """The disk does not take or give what waits for the store now; trying again may help."""


class GrafanaUnavailable(RurbanFault):
    """Grafana cannot be reached, or does not let us put boards there."""

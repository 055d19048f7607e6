"""What may stand in a profile's file (docs/profiles.md), and the words for what may not."""

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

_CHANNEL: Final = r"^[A-Za-z0-9_.-]{1,64}$"
_SHOWN: Final = 60


def _hex(text: str) -> str:
    bytes.fromhex(text)
    return text


_Text = Annotated[str, Field(min_length=1)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Origin(_Part):
    """See `telemetry.model.Origin`."""

    path: _Text
    channel: Annotated[str | None, Field(pattern=_CHANNEL)] = None
    at: _Text | None = None


class Measure(_Part):
    """See `telemetry.model.Measure`, whose fields these are."""

    unit: _Text | None = None
    interval_s: _Positive | None = None
    low: _Number | None = None
    high: _Number | None = None
    step: _Positive | None = None
    stuck_after_s: _Positive | None = None
    gain: _Number = 1.0
    offset: _Number = 0.0
    rollover_at: _Positive | None = None
    origins: list[Origin] = []

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.gain == 0:
            raise ValueError("gain 0 would make every reading alike")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self


class Reading(_Part):
    """What must come of an example."""

    metric: str
    value: _Number
    channel: Annotated[str | None, Field(pattern=_CHANNEL)] = None


class Example(_Part):
    """A payload in one of three forms."""

    source: str = ""
    payload: str | None = None
    hex: Annotated[str | None, AfterValidator(_hex)] = None
    object: str | None = None
    topic: _Text = "rurban/v1/{device}/up"
    readings: Annotated[list[Reading], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [self.payload, self.hex, self.object]
        if forms.count(None) != len(forms) - 1:
            raise ValueError("has to have one of payload, hex and object, and only one")
        return self


class Sheet(_Part):
    """A whole file."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
    name: _Text
    codec: _Text
    open: bool = False
    interval_s: _Positive | None = None
    source: _Text
    checked: bool
    reason: str = ""
    note: str = ""
    measures: dict[str, Measure] = {}
    examples: list[Example] = []

    @model_validator(mode="after")
    def _honest(self) -> Self:
        if self.checked and not self.examples:
            raise ValueError("is checked = true without an example: which payload was it held against?")
        if self.checked == bool(self.reason):
            raise ValueError("has to have a reason where checked = false, and none where it is true")
        if not (self.measures or self.open):
            raise ValueError("has no measures: a table [measures.<metric>] for each")
        return self


_PARTS: Final[Mapping[str, type[_Part]]] = {
    "measures": Measure,
    "origins": Origin,
    "examples": Example,
    "readings": Reading,
}
"""By the name of the list or table that they stand in."""


def explained(error: ValidationError) -> tuple[str, str, str]:
    """Of the first thing that is wrong: the key, what is wrong, and what would be right."""
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"]]
    key = ".".join(parts)
    match first["type"]:
        case "missing":
            return key, "is missing", "docs/profiles.md says what it holds"
        case "extra_forbidden":
            part = next((_PARTS[name] for name in reversed(parts[:-1]) if name in _PARTS), Sheet)
            return key, "is no key of this table", ", ".join(part.model_fields)
        case "value_error":
            return key, first["msg"].removeprefix("Value error, "), "see docs/profiles.md"
        case _:
            return key, repr(first["input"])[:_SHOWN], first["msg"]

"""Where an InfluxDB is; by itself, so that whoever only passes it on loads no client for it."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is and what is ours there."""

    url: str
    bucket: str
    """The bucket of 2.x, the database of 3, `<database>` or `<database>/<retention policy>` of 1.8."""
    org: str = ""
    """2.x only."""
    token: str | None = field(default=None, repr=False)
    """Of 1.8 `<user>:<password>`."""
    timeout_s: float = 15.0
    keep_days: int = 0
    """How long readings are kept; 0 = for ever."""

    @property
    def hourly(self) -> "Address":
        """Of the rollups, which outlive the readings."""
        return replace(self, bucket=f"{self.bucket}_hourly", keep_days=0)

"""The tables of the registry as they are now; `versions/` is how they came to be so.

Instants are milliseconds UTC. Codes and ids are compared byte by byte on every database, so that pages have one order.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}
"""Constraints have names, so that a later migration can change them on every database."""

ID = Text().with_variant(Text(collation="C"), "postgresql")
SERIAL = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(naming_convention=NAMING)

regions = Table(
    "regions",
    metadata,
    Column("code", ID, primary_key=True),
    Column("level", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    # Deferred: a table of regions may come in any order.
    Column("parent", ID, ForeignKey("regions.code", deferrable=True, initially="DEFERRED"), index=True),
    Column("setting", Text),
    Column("urban_rural_class", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("population", BigInteger),
    Column("households", BigInteger),
    Column("sample", Boolean, nullable=False),
)

profiles = Table(
    "profiles",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("codec", Text, nullable=False),
    # A list of objects: measures are read and written only as a whole, with their profile.
    Column("measures", JSON, nullable=False),
    Column("open", Boolean, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("id", ID, primary_key=True),
    Column("profile", ID, ForeignKey("profiles.id"), nullable=False, index=True),
    Column("region", ID, ForeignKey("regions.code"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("valid_from", BigInteger),
    Column("valid_to", BigInteger),
    Column("gateway", ID, ForeignKey("devices.id", deferrable=True, initially="DEFERRED"), index=True),
    Column("project", Text),
)

stays = Table(
    "stays",
    metadata,
    Column("device", ID, ForeignKey("devices.id"), primary_key=True),
    Column("until", BigInteger, primary_key=True, autoincrement=False),
    Column("region", ID, ForeignKey("regions.code"), nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
)
"""Former places of devices; each began with the one before, or with the device."""

changes = Table(
    "changes",
    metadata,
    Column("subject", ID, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
"""How often a subject was changed; one row, written first in every change, so that changes queue behind one another."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("reason", ID, nullable=False),
    Column("detail", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("device", ID),
    Column("readings", BigInteger, nullable=False),
    Column("replayed_at", BigInteger),
    Column("outcome", Text, nullable=False),
    # Bytes of the payload as it came, where less of it is here.
    Column("size", BigInteger),
    Column("trimmed_at", BigInteger),
    # In which order messages go when there is no more room (`_room.py`).
    Column("stage", Integer, nullable=False, server_default="0"),
    Index(None, "device", "id"),
    Index(None, "reason", "id"),
    Index(None, "stage", "id"),
    # An id that was shown once is never given to another message.
    sqlite_autoincrement=True,
)

quarantine_room = Table(
    "quarantine_room",
    metadata,
    Column("subject", ID, primary_key=True),
    Column("payload_bytes", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
)
"""What the quarantine holds; one row, written first by whoever changes messages."""

quarantine_counts = Table(
    "quarantine_counts",
    metadata,
    Column("day", Date, primary_key=True),
    Column("device", ID, primary_key=True),
    Column("reason", ID, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("readings", BigInteger, nullable=False),
    Index(None, "device", "day"),
    sqlite_with_rowid=False,
)
"""Quarantined messages of which no more is kept: excess beyond a rate, and what had to make room here or in a spool."""

ledger = Table(
    "ledger",
    metadata,
    Column("day", Date, primary_key=True),
    Column("device", ID, primary_key=True),
    Column("stored", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Index(None, "device", "day"),
    sqlite_with_rowid=False,
)
"""What became of readings. How many were received is their sum and kept nowhere, so the two cannot differ."""

ledger_totals = Table(
    "ledger_totals",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("stored", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
)
"""The sums of the whole ledger, written with it, in several rows that are added up: workers need not queue for one."""

recounts = Table(
    "recounts",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    # Of the house zone; whoever writes it first counts in that night. NULL = somebody asked for it.
    Column("night", Date, unique=True),
    Column("worker", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    # NULL = under way.
    Column("took_ms", BigInteger),
    Column("devices", BigInteger, nullable=False),
    Column("readings", BigInteger, nullable=False),
    Column("differing", BigInteger, nullable=False),
    Column("off_by", BigInteger, nullable=False),
    # A list of objects: read and written only as a whole, with their recount.
    Column("differences", JSON, nullable=False),
)

in_flight = Table(
    "in_flight",
    metadata,
    Column("worker", ID, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("device", ID, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Readings received and not yet settled, by the worker that holds them."""

spools = Table(
    "spools",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
"""How far each process has settled what waits on its disk."""

claims = Table(
    "claims",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    Column("spool", ID, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    # A number that was used once is never used again: they tell before from after.
    sqlite_autoincrement=True,
)
"""What processes have lately counted as stored, for those that settle at the same time."""

heard = Table(
    "heard",
    metadata,
    Column("device", ID, primary_key=True),
    Column("heard_at", BigInteger, nullable=False),
    # Numbered messages of the newest day; they move to heard_days when the next day begins.
    Column("day", Date, nullable=False),
    Column("messages", BigInteger, nullable=False),
    # What telemetry/hearing.py remembers, as JSON: read and written only as a whole.
    Column("hearing", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""When each device was last heard, and what goes on from message to message."""

heard_days = Table(
    "heard_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("device", ID, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Index(None, "device", "day"),
    sqlite_with_rowid=False,
)
"""Numbered messages of the days before, and those that were lost on any day: written seldom."""

statistics = Table(
    "statistics",
    metadata,
    Column("region", ID, ForeignKey("regions.code"), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("value", Double, nullable=False),
    Column("source", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", BigInteger, nullable=False),
)
"""Declared numbers; each year is kept beside the others."""

asked = Table(
    "asked",
    metadata,
    Column("device", ID, primary_key=True),
    Column("metric", ID, primary_key=True),
    Column("day", Date, nullable=False),
    sqlite_with_rowid=False,
)

asked_since = Table(
    "asked_since",
    metadata,
    Column("subject", ID, primary_key=True),
    Column("day", Date, nullable=False),
)
"""When the record of `asked` began; one row."""

calibrations = Table(
    "calibrations",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("device", ID, ForeignKey("devices.id"), nullable=False),
    Column("metric", ID, nullable=False),
    Column("channel", ID),
    Column("computed_from", ID),
    Column("valid_from", BigInteger, nullable=False),
    # One object: a curve is read and written only as a whole.
    Column("curve", JSON, nullable=False),
    Column("source", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", BigInteger, nullable=False),
    # NULL = it holds.
    Column("superseded_at", BigInteger),
    Index(None, "device", "metric"),
)
"""What was ever entered stays: it explains the values that were computed by it."""

statements = Table(
    "statements",
    metadata,
    Column("region", ID, primary_key=True),
    Column("benchmark", ID, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("stop", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", ID, primary_key=True),
    Column("said_at", BigInteger, primary_key=True, autoincrement=False),
    Column("formula", Integer, nullable=False),
    Column("value", Double),
    Column("benchmark_value", Double),
    # In which order statements go when there is no more room.
    Index(None, "stop", "said_at"),
    sqlite_with_rowid=False,
)
"""What was said of months and years that are over, of places that may have gone since."""

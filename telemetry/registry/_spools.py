"""How far each worker's spool is settled, and the transaction in which that and the fates move on together.

Two processes may receive the same reading, from a device that sends twice or a broker that delivers again. Each looks
into the store before it counts a reading as stored; what the other wrote after that look is found here: a settling
process that is not alone leaves a claim, the hashes of the readings that it counted as stored. Of two, the one that
settles later reads the claim of the other (validation of optimistic transactions: Kung and Robinson, ACM TODS 6(2),
1981, section 3). Nobody waits for a process that is dead, and on PostgreSQL not for long for one that is stopped.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from telemetry.hearing import Note
from telemetry.model import LedgerLine, QuarantineCount, Quarantined
from telemetry.registry._database import Database
from telemetry.registry._heard import NOBODY, note, note_late
from telemetry.registry._ledger import record, release
from telemetry.registry._quarantine import keep, note_replay
from telemetry.registry._room import Room
from telemetry.registry._tables import changes, claims, spools
from telemetry.registry._text import storable

_LOCK: Final = 0x5275_7262_616F
"""Any number that no other program locks in this database."""
CLAIM_KEPT_MS: Final = 3_600_000
"""How long a claim is kept for a process that has not settled since: the nightly recount finds what it then misses."""
FORGOTTEN_MS: Final = 86_400_000
"""A spool that was not settled for so long is not expected back, and nobody leaves claims for it."""
_SEEN_EVERY_MS: Final = 600_000
_SUBJECT: Final = "spools"


class Standing(NamedTuple):
    """Where a spool stands."""

    position: int
    """The last record whose fate is durable."""
    since: int
    """The newest claim there was."""
    alone: bool
    """No other spool is in use."""
    visits: int
    """How often any spool was taken into use: who sees it change knows that others may have stored something."""


class Spools:
    """The spools of all processes. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database, room: Room) -> None:
        self._database = database
        self._room = room

    def enter(self, spool: str, name: str, at: int) -> Standing:
        """Begin to use a spool, known by its id, or go on; from here on others leave claims for it."""
        with self._database.write() as connection:
            _lock(self._database, connection)
            connection.execute(self._database.upsert(changes, adding=True), {"subject": _SUBJECT, "version": 1})
            since = _newest(connection)
            found = connection.scalar(select(spools.c.position).where(spools.c.id == spool))
            if found is None:
                row = {"id": spool, "name": storable(name), "position": 0, "since": since, "seen_at": at}
                connection.execute(insert(spools), row)
            else:
                connection.execute(update(spools).where(spools.c.id == spool).values(seen_at=at))
            return Standing(found or 0, since, _alone(connection, spool, at), _visits(connection))

    def standing(self, spool: str, at: int) -> Standing:
        """As of now; now and then notes that the spool is still in use, however little comes."""
        with self._database.read() as connection:
            columns = (spools.c.position, spools.c.since, spools.c.seen_at)
            row = connection.execute(select(*columns).where(spools.c.id == spool)).one_or_none()
            position, since, seen_at = row or (0, 0, at)
            found = Standing(position, since, _alone(connection, spool, at), _visits(connection))
        if at - seen_at > _SEEN_EVERY_MS:
            with self._database.write() as connection:
                connection.execute(update(spools).where(spools.c.id == spool).values(seen_at=at))
        return found

    def leave(self, spool: str) -> None:
        """The spool is empty and not used any more."""
        with self._database.write() as connection:
            connection.execute(delete(spools).where(spools.c.id == spool))

    @contextmanager
    def settling(self, spool: str, at: int) -> Iterator["Settling"]:
        """One transaction, durable when the block has ended; one at a time over all processes."""
        with self._database.write() as connection:
            _lock(self._database, connection)
            yield Settling(self._database, connection, self._room, spool, at)


class Settling:
    """What becomes durable together when a spool moves on."""

    def __init__(self, database: Database, connection: Connection, room: Room, spool: str, at: int) -> None:
        self._database = database
        self._connection = connection
        self._room = room
        self._spool = spool
        self._at = at
        self.alone = _alone(connection, spool, at)
        self.position: int = connection.scalar(select(spools.c.position).where(spools.c.id == spool)) or 0
        """The last record whose fate is durable: whoever was cut off before the answer finds here what became of it."""

    def claimed(self, since: int) -> list[bytes]:
        """The claims of others that are newer than this one: hashes of 64 bits, in the byte order of this machine."""
        query = select(claims.c.hashes).where(claims.c.seq > since, claims.c.spool != self._spool)
        return list(self._connection.scalars(query))

    def settle(
        self,
        ledger: Sequence[LedgerLine],
        quarantined: Sequence[Quarantined] = (),
        heard: Mapping[str, Sequence[Note]] = NOBODY,
        counted: Sequence[QuarantineCount] = (),
    ) -> None:
        """See Ledger.settle, Quarantine.add and HeardBook.note."""
        keep(self._database, self._connection, quarantined, counted, self._room)
        record(self._database, self._connection, ledger)
        note(self._database, self._connection, heard)

    def release(self, worker: str, lines: Sequence[LedgerLine]) -> None:
        """What this worker holds in flight becomes less by these."""
        release(self._database, self._connection, worker, lines)

    def replayed(  # noqa: PLR0913 - as Quarantine.replayed
        self,
        quarantine_id: int,
        *,
        at: int | None,
        outcome: str,
        readings: int | None,
        ledger: Sequence[LedgerLine],
        heard: Mapping[str, Sequence[Note]] = NOBODY,
    ) -> bool:
        """See Quarantine.replayed and HeardBook.note; False = it was replayed already, and nothing is moved."""
        done = note_replay(self._database, self._connection, quarantine_id, at, outcome, readings)
        if done:
            record(self._database, self._connection, ledger)
            note_late(self._database, self._connection, heard)
        return done

    def advance(self, position: int, claim: bytes, needed: int | None = None) -> Standing:
        """Everything up to this position is settled; the claim is left for others, if there are any.

        `needed` = claims newer than this one are still to be asked for, by what waits in the spool; None = by nothing.
        """
        if claim and not self.alone:
            row = {"spool": self._spool, "at": self._at, "hashes": claim}
            connection = self._connection
            connection.execute(insert(claims), row)
        since = _newest(self._connection)
        if needed is not None:
            since = min(since, needed)
        values = {"position": position, "since": since, "seen_at": self._at}
        self._connection.execute(update(spools).where(spools.c.id == self._spool).values(values))
        if not self.alone or since:
            _prune(self._connection, self._at)
        return Standing(position, since, self.alone, _visits(self._connection))


def _lock(database: Database, connection: Connection) -> None:
    """Let one process at a time go on; on SQLite every writing transaction does.

    The server ends the transaction of a process that is stopped in the middle of one, and the lock with it.
    """
    if database.is_postgresql:
        for setting, patience in (("lock_timeout", "15s"), ("idle_in_transaction_session_timeout", "10s")):
            connection.execute(select(func.set_config(setting, patience, True)))  # noqa: FBT003 - SQL's own argument
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _alone(connection: Connection, spool: str, at: int) -> bool:
    others = select(spools.c.id).where(spools.c.id != spool, spools.c.seen_at > at - FORGOTTEN_MS).limit(1)
    return connection.scalar(others) is None


def _newest(connection: Connection) -> int:
    return connection.scalar(select(func.max(claims.c.seq))) or 0


def _visits(connection: Connection) -> int:
    return connection.scalar(select(changes.c.version).where(changes.c.subject == _SUBJECT)) or 0


def _prune(connection: Connection, at: int) -> None:
    """Remove the claims that nobody needs any more."""
    oldest = select(func.min(spools.c.since)).where(spools.c.seen_at > at - FORGOTTEN_MS).scalar_subquery()
    connection.execute(delete(claims).where((claims.c.seq <= oldest) | (claims.c.at < at - CLAIM_KEPT_MS)))

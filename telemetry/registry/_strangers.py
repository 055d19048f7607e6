"""Who was heard and is not registered, told from the messages in quarantine; and how far their replay has come."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, func, select

from telemetry import replay_request
from telemetry.discovery import Replays, Stranger
from telemetry.errors import Reason
from telemetry.registry._database import Database
from telemetry.registry._tables import devices, quarantine
from telemetry.registry._text import key, require_limit, within_64_bits


class Strangers:
    """Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def heard(self, *, since: int, limit: int, name: str | None = None) -> list[Stranger]:
        """Unregistered names and their messages since then, at most `limit`, the last heard first; None = any name."""
        require_limit(limit)
        table = quarantine
        last = func.max(table.c.received_at)
        query = (
            select(table.c.device, func.count(), func.min(table.c.received_at), last)
            .where(
                table.c.reason == Reason.UNKNOWN_DEVICE.value,
                table.c.received_at >= within_64_bits(since),
                table.c.replayed_at.is_(None),
                table.c.device.not_in(select(devices.c.id)),
            )
            .group_by(table.c.device)
            .order_by(last.desc(), table.c.device)
            .limit(limit)
        )
        if name is not None:
            query = query.where(table.c.device == key(name))
        with self._database.read() as connection:
            return [Stranger(*row) for row in connection.execute(query)]

    def owed(self, device: str, limit: int) -> Sequence[int]:
        """Numbers of the device's messages that can be replayed and were not yet, at most `limit`, the oldest first."""
        require_limit(limit)
        query = select(quarantine.c.id).where(
            _of(device), quarantine.c.replayed_at.is_(None), quarantine.c.size.is_(None)
        )
        with self._database.read() as connection:
            return connection.scalars(query.order_by(quarantine.c.id).limit(limit)).all()

    def replays(self, device: str) -> Replays:
        """How far the replay of its messages has come."""
        table = quarantine
        put_off = table.c.outcome.startswith(replay_request.PUT_OFF)
        untouched = table.c.replayed_at.is_(None) & ((table.c.outcome == "") | put_off)
        refused = table.c.replayed_at.is_(None) & ~((table.c.outcome == "") | put_off)
        query = select(_count(table.c.replayed_at.is_not(None)), _count(refused), _count(untouched)).where(_of(device))
        with self._database.read() as connection:
            return Replays(*connection.execute(query).one())


def _of(device: str) -> ColumnElement[bool]:
    return quarantine.c.device == key(device)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

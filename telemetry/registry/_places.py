"""The administrative tree. Parents come from the table: a code's digits do not tell them."""

from collections.abc import Collection, Iterable
from dataclasses import fields, replace

from sqlalchemy import Connection, RowMapping, Select, literal, select

from telemetry.errors import Conflict, Invalid, Unknown
from telemetry.model import Level, Region, Setting
from telemetry.regions import below, checked, is_code
from telemetry.registry import _changes
from telemetry.registry._database import Database
from telemetry.registry._tables import regions
from telemetry.registry._text import require_position, require_storable, require_whole

_FIELDS = tuple(field.name for field in fields(Region))


class Places:
    """Regions by code. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, regions_: Iterable[Region]) -> None:
        """Add regions or replace them, all or none, in any order; a parent is here already or comes in the same call.

        One that comes without a parent keeps the one that it has: nothing is cut off by leaving that out. A village's
        setting is filled in from its class. Raise `Invalid` naming the region and the field.
        """
        batch = _batch(regions_)
        if not batch:
            return
        with self._database.write() as connection:
            _changes.note(self._database, connection)
            batch |= self._with_parents(connection, batch)
            self._check_parents(connection, batch)
            self._check_children(connection, batch)
            connection.execute(self._database.upsert(regions), [_row(region) for region in batch.values()])

    def one(self, code: str) -> Region:
        """Raise `Unknown` where there is none."""
        found = self._regions(select(regions).where(regions.c.code == code)) if is_code(code) else []
        if not found:
            raise Unknown("region", code)
        return found[0]

    def all(self) -> list[Region]:
        """By code."""
        return self._regions(select(regions).order_by(regions.c.code))

    def children(self, code: str | None) -> list[Region]:
        """By code; of None, the regions without a parent. Raise `Unknown` for a region that does not exist."""
        if code is not None:
            self.one(code)
        return self._regions(select(regions).where(regions.c.parent == code).order_by(regions.c.code))

    def beneath(self, codes: Collection[str]) -> list[Region]:
        """These regions and all that lies under them, each once, by code. Raise `Unknown` naming a missing one."""
        for code in codes:
            if not is_code(code):
                raise Unknown("region", code)
        tree = select(regions.c.code).where(self._database.among(regions.c.code, codes)).cte("tree", recursive=True)
        tree = tree.union(select(regions.c.code).join(tree, regions.c.parent == tree.c.code))
        found = self._regions(select(regions).where(regions.c.code.in_(select(tree.c.code))).order_by(regions.c.code))
        missing = set(codes) - {region.code for region in found}
        if missing:
            raise Unknown("region", min(missing))
        return found

    def ancestors(self, code: str) -> list[Region]:
        """From the top down to the parent. Raise `Unknown` for a region that does not exist."""
        own = self.one(code)
        path = (
            select(regions.c.code, regions.c.parent, literal(0).label("height"))
            .where(regions.c.code == own.parent)
            .cte("path", recursive=True)
        )
        path = path.union_all(
            select(regions.c.code, regions.c.parent, path.c.height + 1).join(path, regions.c.code == path.c.parent)
        )
        return self._regions(select(regions).join(path, regions.c.code == path.c.code).order_by(path.c.height.desc()))

    def _regions(self, query: Select[*tuple[object, ...]]) -> list[Region]:
        with self._database.read() as connection:
            return [_region(row) for row in connection.execute(query).mappings()]

    def _with_parents(self, connection: Connection, batch: dict[str, Region]) -> dict[str, Region]:
        """Those that come without a parent, with the one that they have."""
        without = [region.code for region in batch.values() if region.parent is None]
        query = select(regions.c.code, regions.c.parent).where(self._database.among(regions.c.code, without))
        return {code: replace(batch[code], parent=parent) for code, parent in connection.execute(query)}

    def _check_parents(self, connection: Connection, batch: dict[str, Region]) -> None:
        wanted = {region.parent for region in batch.values() if region.parent is not None}
        stored = connection.execute(
            select(regions.c.code, regions.c.level).where(self._database.among(regions.c.code, wanted - batch.keys()))
        )
        levels = {code: Level(level) for code, level in stored} | {r.code: r.level for r in batch.values()}
        for region in batch.values():
            if region.parent is None:
                continue
            if region.parent not in levels:
                raise Invalid(f"region {region.code!r}, parent", f"unknown region {region.parent!r}")
            if not below(region.level, levels[region.parent]):
                raise Invalid(
                    f"region {region.code!r}, parent",
                    f"a {region.level} cannot lie in the {levels[region.parent]} {region.parent!r}",
                    "a region of a higher level",
                )

    def _check_children(self, connection: Connection, batch: dict[str, Region]) -> None:
        children = connection.execute(
            select(regions.c.code, regions.c.level, regions.c.parent).where(
                self._database.among(regions.c.parent, batch.keys())
            )
        )
        for code, level, parent in children:
            if code not in batch and not below(Level(level), batch[parent].level):
                wrong = f"cannot be a {batch[parent].level}, because the {level} {code!r} lies in it"
                raise Conflict(f"region {parent!r}, level: {wrong}")


def _batch(given: Iterable[Region]) -> dict[str, Region]:
    batch: dict[str, Region] = {}
    for region in map(checked, given):
        where = f"region {region.code!r}"
        if region.code in batch:
            raise Invalid(where, "comes twice in one call", "each region once")
        require_storable(f"{where}, name", region.name)
        require_storable(f"{where}, name_en", region.name_en)
        require_position(where, region.latitude, region.longitude)
        require_whole(f"{where}, population", region.population, least=0)
        require_whole(f"{where}, households", region.households, least=0)
        batch[region.code] = region
    return batch


def _row(region: Region) -> dict[str, object]:
    row = {name: getattr(region, name) for name in _FIELDS}
    return row | {"level": region.level.value, "setting": None if region.setting is None else region.setting.value}


def _region(row: RowMapping) -> Region:
    setting = row["setting"]
    return Region(
        **{**row, "level": Level(row["level"]), "setting": None if setting is None else Setting(setting)},
    )

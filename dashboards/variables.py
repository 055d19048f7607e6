"""The variables of the boards. Places are chosen by name: the worker keeps their names beside the readings.

A label is `<name> <English name> <12 digits>`; the regular expression of a variable shows the names and takes the code.
"""

from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh, VariableSort

from dashboards.queries import COUNTY, PLACES, RAW, VILLAGE

PLACES_NAMES: Final = "rurban_place"
"""The measurement with a point per place: names, position, people, readings due."""
DEVICES_NAMES: Final = "rurban_device"
"""The measurement with a point per device: name, profile, readings due."""
_ALL: Final = ".*"


def _names(level: str, where: str = "") -> str:
    condition = f" AND {where}" if where else ""
    return f'SHOW TAG VALUES FROM "{PLACES_NAMES}" WITH KEY = "label" WHERE "level" = \'{level}\'{condition}'


def _place(name: str, label: str, query: str, digits: int) -> dashboard.QueryVariable:
    rest = 12 - digits
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(RAW)
        .query(query)
        .regex(
            rf"/^(?<text>.+) (?<value>\d{{{digits}}})\d{{{rest}}}$/" if rest else r"/^(?<text>.+) (?<value>\d{12})$/"
        )
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def county() -> dashboard.QueryVariable:
    return _place("county", "County 县", _names("county"), 6)


def town() -> dashboard.QueryVariable:
    """All towns of the county, or some."""
    return _place("town", "Town 乡镇", _names("town", COUNTY), 9).multi(True).include_all(True).all_value(_ALL)


def villages() -> dashboard.QueryVariable:
    """All villages of the towns, or some."""
    where = f'{COUNTY} AND "town" =~ /^$town$/'
    return _place("village", "Village 村", _names("village", where), 12).multi(True).include_all(True).all_value(_ALL)


def village() -> dashboard.QueryVariable:
    """One village."""
    return _place("village", "Village 村", _names("village", f'{COUNTY} AND "town" =~ /^$town$/'), 12)


def city() -> dashboard.QueryVariable:
    """The village's own city, for the comparison; follows by itself."""
    query = f'SHOW TAG VALUES FROM "{PLACES_NAMES}" WITH KEY = "city" WHERE "level" = \'village\' AND {VILLAGE}'
    return (
        dashboard.QueryVariable("city")
        .label("City 市")
        .datasource(RAW)
        .query(query)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .hide(VariableHide.HIDE_VARIABLE)
    )


def device() -> dashboard.QueryVariable:
    """All devices of the villages, or some."""
    return (
        dashboard.QueryVariable("device")
        .label("Device 设备")
        .datasource(RAW)
        .query(f'SHOW TAG VALUES FROM "{DEVICES_NAMES}" WITH KEY = "device" WHERE {PLACES}')
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(_ALL)
    )


def probes() -> dashboard.QueryVariable:
    """All devices for experiments, of any place: they stand in no place's figures."""
    return _all_of("probes", "\"open\" = 'yes'")


def unscheduled() -> dashboard.QueryVariable:
    """All devices of which nothing is expected at any time: their readings must not count as coverage."""
    return _all_of("unscheduled", f"{PLACES} AND \"scheduled\" = 'no'")


def _all_of(name: str, where: str) -> dashboard.QueryVariable:
    """Nobody chooses here: the queries take all of it."""
    return (
        dashboard.QueryVariable(name)
        .datasource(RAW)
        .query(f'SHOW TAG VALUES FROM "{DEVICES_NAMES}" WITH KEY = "device" WHERE {where}')
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .multi(True)
        .include_all(True)
        .current(VariableOption(selected=True, text="All", value="$__all"))
        .hide(VariableHide.HIDE_VARIABLE)
    )


def window() -> dashboard.CustomVariable:
    """How long the windows are of panels that fold: whole hours that divide the day."""
    lengths = ("1h", "3h", "6h", "12h", "1d")
    return (
        dashboard.CustomVariable("window")
        .label("Window 时段")
        .values(",".join(lengths))
        .current(VariableOption(selected=True, text=lengths[0], value=lengths[0]))
        .options([VariableOption(selected=length == lengths[0], text=length, value=length) for length in lengths])
    )


def places() -> list[dashboard.QueryVariable]:
    """County, town and villages: where a board looks; and what it leaves out."""
    return [county(), town(), villages(), probes()]

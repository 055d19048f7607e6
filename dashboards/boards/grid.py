"""The rural grid, its photovoltaics, and the cold chain that hangs on both."""

from dashboards import notes
from dashboards.panels import amounts, curves, in_all, present, states
from dashboards.queries import DEVICES
from dashboards.sheet import Row, Sheet
from dashboards.variables import device, window
from dashboards.variables import places as place_variables


def sheet() -> Sheet:
    return Sheet(
        title="Rural grid and cold chain 农村电网与冷链",
        description="Voltage, load, outages, photovoltaics; cold-chain trucks, their cargo and doors. 电网与冷链。",
        variables=[*place_variables(), device(), window()],
        annotations=[notes.silent(DEVICES)],
        rows=[_now(), _supply(), _photovoltaics(), _cold_chain()],
    )


def _now() -> Row:
    return Row(
        "Now 当前",
        [
            present("active_power", DEVICES),
            present("pv_power", DEVICES),
            in_all("energy_import", DEVICES),
            in_all("energy_export", DEVICES),
            present("outage_state", DEVICES),
            present("cargo_temperature", DEVICES),
        ],
    )


def _supply() -> Row:
    return Row(
        "Supply 供电",
        [
            curves("voltage_a", DEVICES),
            curves("frequency", DEVICES),
            curves("current_a", DEVICES),
            curves("active_power", DEVICES),
            amounts("energy_import", DEVICES),
            states("outage_state", DEVICES, ("supplied 有电", "outage 停电"), span=8),
        ],
    )


def _photovoltaics() -> Row:
    return Row(
        "Photovoltaics 光伏",
        [
            curves("pv_power", DEVICES),
            amounts("energy_export", DEVICES),
            curves("power_factor", DEVICES),
        ],
    )


def _cold_chain() -> Row:
    return Row(
        "Cold chain 冷链",
        [
            curves("cargo_temperature", DEVICES),
            curves("cargo_humidity", DEVICES),
            curves("vehicle_speed", DEVICES),
            states("door_open", DEVICES, ("shut 关", "open 开")),
        ],
    )

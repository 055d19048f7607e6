"""Water conservancy: reservoir, canal, gate, rain, groundwater, drinking water."""

from dashboards import notes
from dashboards.panels import amounts, curves, in_all, present, states
from dashboards.queries import DEVICES
from dashboards.sheet import Row, Sheet
from dashboards.variables import device, window
from dashboards.variables import places as place_variables


def sheet() -> Sheet:
    return Sheet(
        title="Water conservancy 水利",
        description="Reservoirs, canals, gates, rain, groundwater and drinking water. 水库、渠道、雨情、地下水与供水。",
        variables=[*place_variables(), device(), window()],
        annotations=[notes.silent(DEVICES)],
        rows=[_now(), _reservoir(), _canal(), _groundwater_and_pumps(), _drinking_water()],
    )


def _now() -> Row:
    return Row(
        "Now 当前",
        [
            present("reservoir_storage", DEVICES),
            present("canal_flow", DEVICES),
            in_all("canal_volume", DEVICES),
            in_all("rainfall_total", DEVICES),
            present("groundwater_depth", DEVICES),
            in_all("supply_volume", DEVICES),
        ],
    )


def _reservoir() -> Row:
    return Row(
        "Reservoir 水库",
        [
            curves("reservoir_level", DEVICES),
            curves("reservoir_storage", DEVICES),
            curves("water_temperature", DEVICES),
        ],
    )


def _canal() -> Row:
    return Row(
        "Canal, gate and rain 渠道、闸门与雨情",
        [
            curves("canal_level", DEVICES),
            curves("canal_flow", DEVICES),
            amounts("canal_volume", DEVICES),
            curves("gate_opening", DEVICES),
            amounts("rainfall_total", DEVICES),
        ],
    )


def _groundwater_and_pumps() -> Row:
    return Row(
        "Groundwater and pumps 地下水与水泵",
        [
            curves("groundwater_depth", DEVICES),
            curves("pump_power", DEVICES),
            amounts("irrigation_volume", DEVICES),
            states("pump_state", DEVICES, ("off 停", "runs 运行")),
        ],
    )


def _drinking_water() -> Row:
    return Row(
        "Drinking water 饮用水",
        [
            curves("supply_pressure", DEVICES),
            curves("supply_flow", DEVICES),
            amounts("supply_volume", DEVICES),
            curves("free_chlorine", DEVICES),
            curves("tank_level", DEVICES),
            curves("turbidity", DEVICES),
        ],
    )

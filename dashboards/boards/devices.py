"""The health of the devices: last seen, completeness, battery, signal."""

from dashboards import notes, own
from dashboards.panels import curves, levels, present
from dashboards.queries import DEVICES
from dashboards.sheet import Row, Sheet
from dashboards.tables import devices_table
from dashboards.variables import DEVICES_NAMES, device, window
from dashboards.variables import places as place_variables


def sheet() -> Sheet:
    return Sheet(
        title="Device health 设备健康",
        description="When devices were last heard, how complete they are, battery and signal. 设备在线、完整率与电量。",
        variables=[*place_variables(), device(), window()],
        annotations=[notes.silent(DEVICES), notes.refused()],
        rows=[
            Row(
                "Now 当前",
                [
                    own.known(DEVICES_NAMES, "Devices 设备数", DEVICES),
                    present("battery_level", DEVICES),
                    present("rssi", DEVICES),
                    present("packet_loss", DEVICES),
                    present("uplink_delay", DEVICES),
                ],
            ),
            Row("Devices 设备", [devices_table()]),
            Row(
                "Battery and signal 电量与信号",
                [
                    levels("battery_level", DEVICES),
                    curves("battery_level", DEVICES, 12),
                    curves("rssi", DEVICES),
                    curves("snr", DEVICES),
                    curves("packet_loss", DEVICES),
                    curves("uplink_delay", DEVICES),
                ],
            ),
            Row("Completeness 完整性", [own.stored(DEVICES, 12), own.doubted(DEVICES, 12)]),
        ],
    )

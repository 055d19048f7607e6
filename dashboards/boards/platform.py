"""The platform itself: what the worker receives, stores and refuses, and whether it can."""

from dashboards import notes, own
from dashboards.sheet import Row, Sheet
from dashboards.variables import DEVICES_NAMES, PLACES_NAMES, window


def sheet() -> Sheet:
    return Sheet(
        title="Platform 平台",
        description="The ingest worker and what became of the messages. 接入服务与消息去向。",
        variables=[window()],
        annotations=[notes.refused()],
        rows=[
            Row(
                "Worker 接入服务",
                [
                    own.rate("messages", "Messages per second 每秒消息"),
                    own.rate("readings", "Readings stored per second 每秒入库读数"),
                    own.rate("batches", "Batches per second 每秒批次"),
                    own.increase("duplicates", "Duplicates 重复"),
                    own.increase("quarantined", "Refused to quarantine 隔离"),
                    own.height("pending", "Received and not yet acknowledged 待确认"),
                    own.state("connected", "Broker 消息代理", ("away 断开", "connected 已连接"), ("red", "green")),
                    own.state("failing", "Store 存储", ("takes it 正常", "failing 失败"), ("green", "red")),
                ],
            ),
            Row(
                "What is kept 数据",
                [
                    own.known(PLACES_NAMES, "Villages 村庄数", "\"level\" = 'village'"),
                    own.known(DEVICES_NAMES, "Devices 设备数"),
                    own.stored("", 8),
                    own.doubted("", 8),
                ],
            ),
        ],
        since="now-6h",
    )

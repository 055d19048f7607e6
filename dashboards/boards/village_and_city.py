"""A village beside its city: what is said of it, and every comparable metric before the band of the city's places."""

from dashboards import notes, own, scores
from dashboards.panels import beside_city
from dashboards.queries import VILLAGE
from dashboards.sheet import Row, Sheet
from dashboards.variables import city, county, probes, town, village, window
from telemetry.metrics import METRICS

_DOMAINS_ZH = {
    "weather": "气象",
    "farm": "农业",
    "remote sensing": "遥感",
    "livestock": "畜牧",
    "hydrology": "水文",
    "water quality": "水质",
    "drinking water": "饮用水",
    "grid": "电网",
    "logistics": "物流",
    "transport": "交通",
    "environment": "环境",
    "benchmark": "基准",
}


def sheet() -> Sheet:
    comparable = [metric for metric in METRICS.values() if metric.comparable is not None]
    rows = [
        Row(
            f"{domain[0].upper()}{domain[1:]} {_DOMAINS_ZH.get(domain, '')}".strip(),
            [beside_city(metric.id) for metric in comparable if metric.domain == domain],
            closed=True,
        )
        for domain in dict.fromkeys(metric.domain for metric in comparable)
    ]
    return Sheet(
        title="Village beside city 村与城",
        description="What is said of the village, or why nothing is. Below, the village's line, and behind it "
        "from the lowest to the highest urban place of its city. "
        "村庄对标结果及不予对比的原因;村庄曲线与所在城市各社区的范围。",
        variables=[county(), town(), village(), city(), probes(), window()],
        annotations=[notes.silent(VILLAGE)],
        rows=[
            Row("Scorecard 对标一览", [scores.scorecard_table()]),
            Row(
                "Night by night 逐日变化",
                [
                    scores.parity_history(),
                    scores.gap_history(),
                    scores.index_history(),
                    scores.refusal_history(),
                ],
            ),
            *rows,
            Row("What stands behind it 数据量", [own.stored(VILLAGE, 12), own.doubted(VILLAGE, 12)]),
        ],
        since="now-30d",
    )

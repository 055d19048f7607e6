// The chart of one quantity, by Apache ECharts: only the parts that it uses, loaded when it is opened.

import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { Line, Metric, Point } from "./api";
import type { Span } from "./spans";
import { t } from "./texts";
import { doubts, measured, moment, percent, unit } from "./words";

use([BarChart, LineChart, ScatterChart, AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

export interface Picture {
  metric: Metric;
  span: Span;
  /** Readings as stored, not buckets. */
  raw: boolean;
  lines: Line[];
  whole: Line | undefined;
  city: Line[];
}

const QUIET_MS = 350;
/** A gap is drawn where readings are further apart than so many of their usual distances. */
const GAP = 3;

export function drawnIn(place: HTMLElement, zoom: (to: Span) => void): { show(picture: Picture): void; end(): void } {
  const chart = init(place, undefined, { renderer: "canvas" });
  let shown: Picture | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const show = (picture: Picture) => {
    shown = picture;
    chart.setOption(options(picture, colours(place), still), { notMerge: true });
  };
  const resized = new ResizeObserver(() => chart.resize());
  resized.observe(place);
  const relit = new MutationObserver(() => shown && show(shown));
  relit.observe(document.documentElement, { attributes: true, attributeFilter: ["data-light"] });
  chart.on("datazoom", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const zoomed = (chart.getOption()["dataZoom"] as { startValue: number; endValue: number }[])[0];
      if (zoomed && shown && zoomed.endValue - zoomed.startValue < 0.9 * (shown.span.stop - shown.span.start)) {
        zoom({ start: zoomed.startValue, stop: zoomed.endValue });
      }
    }, QUIET_MS);
  });
  return {
    show,
    end() {
      clearTimeout(timer);
      resized.disconnect();
      relit.disconnect();
      chart.dispose();
    },
  };
}

type Colours = Record<"ink" | "soft" | "line" | "sheet" | "accent" | "watch" | "band" | "good" | "act" | "silent", string>;

/** The page's colours as they are in this light. */
function colours(place: HTMLElement): Colours {
  const probe = place.appendChild(document.createElement("i"));
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["ink", "soft", "line", "sheet", "accent", "watch", "band", "good", "act", "silent"] as const;
  const found = Object.fromEntries(names.map((name) => [name, read(name)])) as Colours;
  probe.remove();
  return found;
}

type Pair = [number, number | null];

/** The points of a line, interrupted where something is missing. */
function pairs(line: Line, raw: boolean): Pair[] {
  const good = line.points.filter((point) => !(point.quality && suspect(point)));
  const found: Pair[] = good.map((point) => [Date.parse(point.at), point.value]);
  if (!raw || found.length < 3) return found;
  const steps = found.slice(1).map(([at], index) => at - (found[index]?.[0] ?? at)).sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? 0;
  return found.flatMap((pair, index) => {
    const before = found[index - 1]?.[0];
    return before !== undefined && pair[0] - before > GAP * usual ? [[before + usual, null] as Pair, pair] : [pair];
  });
}

const NOTES = new Set(["late", "duplicate_time"]);

function suspect(point: Point): boolean {
  return point.quality?.some((flag) => !NOTES.has(flag)) ?? false;
}

/** Marks of doubt: raw readings where they lie; of buckets, how many were left out. */
function doubted(picture: Picture): { value: [number, number]; words: string }[] {
  if (picture.raw) {
    return picture.lines.flatMap((line) =>
      line.points
        .filter(suspect)
        .map((point) => ({ value: [Date.parse(point.at), point.value ?? 0] as [number, number], words: `${line.group}: ${doubts({ quality: point.quality ?? [] })}` })),
    );
  }
  return picture.lines.flatMap((line) =>
    line.points.flatMap((point) =>
      point.excluded && point.value !== null
        ? [{ value: [Date.parse(point.at), point.value] as [number, number], words: t("left_out", { n: point.excluded }) }]
        : [],
    ),
  );
}

/** By time, the lowest and highest of the city's places. */
function band(city: Line[]): [number, number, number][] {
  const found = new Map<number, number[]>();
  for (const point of city.flatMap((line) => line.points)) {
    if (point.value === null) continue;
    const at = Date.parse(point.at);
    found.set(at, [...(found.get(at) ?? []), point.value]);
  }
  return [...found].sort(([a], [b]) => a - b).map(([at, values]) => [at, Math.min(...values), Math.max(...values)]);
}

function share(line: Line | undefined, colour: Colours) {
  return (line?.points ?? []).map((point) => ({
    value: [Date.parse(point.at), point.coverage == null ? 0 : 1],
    covered: point.coverage,
    itemStyle: { color: point.coverage == null ? colour.line : point.coverage >= 0.9 ? colour.good : point.coverage >= 0.5 ? colour.watch : colour.act },
  }));
}

const PALETTE = ["#0f8b77", "#c46a00", "#5b6ee1", "#b0478f", "#6f8f1f", "#b04a3a"];

function options(picture: Picture, colour: Colours, still: boolean): EChartsCoreOption {
  const amount = picture.metric.kind === "counter" || picture.metric.kind === "interval_sum";
  const behind = band(picture.city);
  const single = picture.lines.length === 1;
  const lines = picture.lines.map((line, index) => ({
    type: amount ? ("bar" as const) : ("line" as const),
    name: line.name || line.group,
    data: pairs(line, picture.raw),
    showSymbol: false,
    connectNulls: false,
    barMaxWidth: 22,
    ...(picture.metric.kind === "state" ? { step: "end" as const } : {}),
    lineStyle: { width: 1.8 },
    color: single ? colour.accent : PALETTE[index % PALETTE.length],
    z: 3,
  }));
  const edge = { type: "line" as const, symbol: "none", lineStyle: { opacity: 0 }, stack: "city", stackStrategy: "all" as const, silent: true, z: 1, tooltip: { show: false } };
  return {
    animation: !still,
    animationDuration: 250,
    aria: { enabled: false },
    textStyle: { color: colour.soft, fontFamily: "inherit" },
    grid: [
      { left: 56, right: 18, top: single ? 18 : 44, bottom: 104 },
      { left: 56, right: 18, bottom: 66, height: 9 },
    ],
    legend: { show: !single, type: "scroll", top: 4, data: lines.map((line) => line.name), textStyle: { color: colour.ink }, icon: "roundRect", itemHeight: 3 },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colour.sheet,
      borderColor: colour.line,
      textStyle: { color: colour.ink, fontSize: 12 },
      formatter: (hits: unknown) => words(hits as Hit[], picture),
    },
    xAxis: [
      { type: "time", min: picture.span.start, max: picture.span.stop, axisLine: { lineStyle: { color: colour.line } }, axisLabel: { show: false }, axisTick: { show: false }, splitLine: { show: false } },
      { type: "time", gridIndex: 1, min: picture.span.start, max: picture.span.stop, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: colour.soft, hideOverlap: true } },
    ],
    yAxis: [
      { type: "value", scale: !amount, name: unit(picture.metric.unit), nameGap: 6, nameTextStyle: { color: colour.soft, align: "right" }, axisLabel: { color: colour.soft }, splitLine: { lineStyle: { color: colour.line } } },
      { type: "value", gridIndex: 1, min: 0, max: 1, show: false },
    ],
    dataZoom: [
      { type: "slider", xAxisIndex: [0, 1], height: 22, bottom: 8, borderColor: colour.line, fillerColor: "rgba(15, 139, 119, 0.15)", textStyle: { color: colour.soft }, labelFormatter: "", brushSelect: false, filterMode: "none" },
      { type: "inside", xAxisIndex: [0, 1], zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" },
    ],
    series: [
      ...(behind.length > 0
        ? [
            { ...edge, name: "city low", data: behind.map(([at, low]) => [at, low]) },
            { ...edge, name: "city", data: behind.map(([at, low, high]) => [at, high - low]), areaStyle: { color: colour.band, opacity: 0.16 } },
          ]
        : []),
      ...lines,
      { type: "scatter", name: t("suspect"), data: doubted(picture), symbol: picture.raw ? "diamond" : "triangle", symbolSize: picture.raw ? 9 : 7, color: colour.watch, z: 5 },
      { type: "bar", name: t("coverage"), xAxisIndex: 1, yAxisIndex: 1, data: share(picture.whole, colour), barCategoryGap: "0%", barMinWidth: 1, z: 2 },
    ],
  };
}

interface Hit {
  seriesName: string;
  seriesType: string;
  marker: unknown;
  value: [number, number | null];
  data: { words?: string; covered?: number | null } | [number, number | null];
}

/** What the tooltip says, line by line. */
function words(hits: Hit[], picture: Picture): string {
  const first = hits[0];
  if (first === undefined) return "";
  const said = hits.flatMap((hit) => {
    const data = Array.isArray(hit.data) ? {} : hit.data;
    if (data.words !== undefined) return [`${t("suspect")}: ${data.words}`];
    if ("covered" in data) return data.covered == null ? [] : [`${t("coverage")}: ${percent(data.covered)} %`];
    if (hit.seriesName.startsWith("city")) return [];
    return hit.value[1] === null ? [] : [`${picture.lines.length > 1 ? `${hit.seriesName}: ` : ""}${measured(hit.value[1], picture.metric.unit)}`];
  });
  const at = first.value[0];
  const city = band(picture.city).find(([from], index, all) => from <= at && at < (all[index + 1]?.[0] ?? Infinity));
  const range = city ? [`${t("city")}: ${measured(city[1], picture.metric.unit)} – ${measured(city[2], picture.metric.unit)}`] : [];
  return [moment(at), ...said, ...range].join("\n");
}

// Which part of time is looked at, and how finely it is asked for.

import type { Metric } from "./api";

export interface Span {
  start: number;
  stop: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const WINDOWS = { "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "1y": 365 * DAY } as const;
export type WindowName = keyof typeof WINDOWS;

/** What the address of a chart says: the name of a window up to now, or `<start>~<stop>`; else 24 hours. */
export function spanOf(text: string | undefined, now: number): { name: WindowName | null; span: Span } {
  const [from, to] = (text ?? "").split("~").map((part) => Date.parse(part));
  if (from !== undefined && to !== undefined && from < to) return { name: null, span: { start: from, stop: to } };
  const name = text !== undefined && Object.hasOwn(WINDOWS, text) ? (text as WindowName) : "24h";
  return { name, span: { start: now - WINDOWS[name], stop: now } };
}

const STEPS = ["5m", "15m", "1h", "3h", "6h", "1d", "1w"] as const;
const LENGTHS: Record<string, number> = { "5m": HOUR / 12, "15m": HOUR / 4, "1h": HOUR, "3h": 3 * HOUR, "6h": 6 * HOUR, "1d": DAY, "1w": 7 * DAY };
const MOST_BUCKETS = 420;
const MOST_RAW = 6000;

export function lengthOf(every: string): number {
  return LENGTHS[every] ?? HOUR;
}

/** The shortest buckets that a screen can show and in which every device is due at least once. */
export function bucketOf(span: Span, interval_s: number): string {
  const interval = 1000 * interval_s;
  const found = STEPS.find((step) => lengthOf(step) >= interval && (span.stop - span.start) / lengthOf(step) <= MOST_BUCKETS);
  return found ?? "1w";
}

/** Whether every reading as stored can be drawn. Of counters it cannot: what they mean are differences. */
export function fitsRaw(span: Span, metric: Metric, series: number, interval_s: number): boolean {
  if (metric.kind === "counter" || metric.kind === "interval_sum") return false;
  const due = (series * (span.stop - span.start)) / (1000 * (interval_s || 60));
  return span.stop - span.start <= 2 * DAY && due <= MOST_RAW;
}

// How numbers, units, instants and names are written.

import type { Latest, Marks, Metric, Reading, Region } from "./api";
import { currentLanguage, said, t } from "./texts";

const LOCALE = { en: "en-GB", zh: "zh-CN" } as const;
const SUPERSCRIPTS: Record<string, string> = { "2": "²", "3": "³" };
const UNITS: Record<string, string> = { Cel: "°C", "[ppm]": "ppm", "[pH]": "pH", "[NTU]": "NTU", deg: "°", "1": "", a: "a" };

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

function locale(): string {
  return LOCALE[currentLanguage()];
}

/** A UCUM unit as people write it. */
export function unit(ucum: string): string {
  const known = UNITS[ucum];
  if (known !== undefined) return known;
  return ucum
    .replace(/\{count\}/g, "")
    .replace(/\{(\w+)\}/g, "$1")
    .replace(/([a-z])([23])\b/gi, (_, letter: string, digit: string) => letter + (SUPERSCRIPTS[digit] ?? digit))
    .replace(/\bug\b/g, "µg")
    .replace(/\bumol\b/g, "µmol")
    .replace(/\buS\b/g, "µS")
    .replace(/\[(\w+)\]/g, "$1")
    .replace("kW.h", "kWh")
    .replace("kV.A", "kVA ");
}

/** As many digits as say something. */
export function number(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}

export function percent(share: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: share >= 0.9995 || share < 0.1 ? 0 : 1 }).format(100 * share);
}

export function measured(value: number, ucum: string): string {
  const shown = unit(ucum);
  return shown === "" ? number(value) : `${number(value)} ${shown}`;
}

export function moment(at: string | number): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

export function clock(at: string | number): string {
  return new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(new Date(at));
}

export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 90) return `${Math.round(s)} ${t("s")}`;
  if (s < 3600) return `${Math.round(s / 60)} ${t("min")}`;
  if (s < 129_600) return `${Math.round(s / 3600)} ${t("h")}`;
  return `${Math.round(s / 86_400)} ${t("d")}`;
}

export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  return seconds < 3 ? t("just_now") : t("ago", { t: duration(seconds) });
}

export function nameOf(place: { name: string; name_en: string }): string {
  return currentLanguage() === "zh" ? place.name : place.name_en || place.name;
}

export function metricName(metric: Metric | undefined, id: string): string {
  if (metric === undefined) return id;
  const name = currentLanguage() === "zh" ? metric.name_zh : metric.name_en;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Codes as they are asked for: without the zeros that say nothing. */
export function short(region: Region | string): string {
  const code = typeof region === "string" ? region : region.code;
  return code.replace(/^(\d{2})(0{10})$|^(\d{4})(0{8})$|^(\d{6})(0{6})$|^(\d{9})(0{3})$/, "$1$3$5$7");
}

export type Mark = "act" | "watch" | null;

/** Whether a value calls for action or attention. */
export function mark(value: number, marks: Marks | null | undefined): Mark {
  if (!marks) return null;
  if (marks.act_below !== null && value < marks.act_below) return "act";
  if (marks.act_from !== null && value >= marks.act_from) return "act";
  if (marks.watch_below !== null && value < marks.watch_below) return "watch";
  if (marks.watch_from !== null && value >= marks.watch_from) return "watch";
  return null;
}

const FLAGS: Record<string, string> = { clock: "clock_flag", device: "device_flag", late: "late_flag" };

export function doubts(reading: Pick<Reading | Latest, "quality">): string {
  return reading.quality.map((flag) => said(flag, FLAGS[flag] ?? flag)).join(", ");
}

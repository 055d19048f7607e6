// The public API as the page asks it: the answers it reads, and errors as the API words them.

export interface Completeness {
  expected: number | null;
  received: number;
  completeness: number | null;
}
export interface Region {
  code: string;
  level: string;
  name: string;
  name_en: string;
  parent: string | null;
  setting: "urban" | "rural" | null;
  latitude: number | null;
  longitude: number | null;
  population: number | null;
  households: number | null;
  sample: boolean;
  devices: number;
}
export interface Headline {
  metric: string;
  unit: string;
  value: number;
  devices: number;
  oldest: string;
}
export interface Newest {
  device: string;
  metric: string;
  unit: string;
  value: number;
  at: string;
  received_at: string;
  suspect: boolean;
}
export interface Place extends Region {
  headlines: Headline[];
  offline: number;
  never_heard: number;
  suspect: number;
  newest: Newest | null;
  today: Completeness;
}
/** Map tiles in Web Mercator. */
export interface Tiles {
  address: string;
  credit: string;
}
export interface Silence {
  cause: string;
  where: string;
  since: string;
  silent: number;
  of: number;
  devices: string[];
  detail: string;
}
export interface RegionWhole extends Region {
  above: Region[];
  children: Region[];
  headlines: Headline[];
  offline: number;
  never_heard: number;
  silences: Silence[];
  today: Completeness;
}
export interface Marks {
  act_below: number | null;
  watch_below: number | null;
  watch_from: number | null;
  act_from: number | null;
  source: string;
}
export interface Metric {
  id: string;
  unit: string;
  kind: "gauge" | "counter" | "state" | "interval_sum";
  fold: string;
  across: string | null;
  interval_s: number | null;
  domain: string;
  name_en: string;
  name_zh: string;
  marks: Marks | null;
}
export interface Profile {
  id: string;
  name: string;
  measures: { metric: string; interval_s: number | null }[];
}
export interface Reading {
  device: string;
  region: string;
  metric: string;
  unit: string;
  value: number;
  at: string;
  received_at: string;
  quality: string[];
  suspect: boolean;
}
export interface Latest extends Reading {
  experiment: boolean;
  age_s: number;
  offline: boolean | null;
  offline_since: string | null;
}
export interface Point {
  at: string;
  value: number | null;
  count?: number;
  coverage?: number | null;
  excluded?: number;
  low?: number | null;
  high?: number | null;
  quality?: string[];
}
export interface Line {
  metric: string;
  unit: string;
  group: string;
  name: string;
  points: Point[];
}
export interface Series {
  start: string;
  stop: string;
  every: string | null;
  series: Line[];
  next: string | null;
}
export interface Presence {
  last_heard_at: string | null;
  offline: boolean | null;
  offline_since: string | null;
  clock: string | null;
  today: Completeness;
  last_7_days: Completeness;
}
export interface Device extends Presence {
  id: string;
  name: string;
  profile: string;
  region: string;
  topic: string | null;
}
export interface DeviceWhole extends Device {
  latest: Latest[];
  days: (Completeness & { day: string })[];
}
export interface Quarantined {
  id: number;
  topic: string;
  device: string | null;
  reason: string;
  detail: string;
  received_at: string;
  payload_text: string | null;
  payload_whole: boolean;
  trimmed_at: string | null;
  replayed_at: string | null;
  outcome: string;
}
/** A device that was heard and that nobody has registered. */
export interface Stranger {
  id: string;
  hindrance: string | null;
  family: string;
  topic: string;
  profiles: string[];
  values: { metric: string; channel: string | null; value: number; unit: string | null; known: boolean }[];
  fields: { path: string; value: number | string }[];
  messages: number;
  first_heard_at: string;
  last_heard_at: string;
  payload_text: string | null;
}
export interface Replays {
  stored: number;
  refused: number;
  waiting: number;
}
export interface QuarantinePage {
  messages: Quarantined[];
  waiting: Record<string, number>;
  next: number | null;
}

/** What went wrong, in the API's own words. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly allowed: string | null = null,
  ) {
    super(detail);
  }
}

const TOKEN = "rurban-token";

export function useToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export function headers(): Record<string, string> {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

export type Asked = Record<string, string | number | undefined>;

/** The address of a question, in the form in which it can be given away. */
export function address(path: string, asked: Asked = {}): string {
  const words = Object.entries(asked).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`],
  );
  return `/api/v1${path}${words.length > 0 ? `?${words.join("&")}` : ""}`;
}

export async function answer(where: string, signal?: AbortSignal, asking: RequestInit = {}): Promise<Response> {
  let found: Response;
  try {
    found = await fetch(where, { ...asking, headers: { ...headers(), ...asking.headers }, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "");
  }
  if (!found.ok) throw await problem(found);
  return found;
}

async function problem(found: Response): Promise<Problem> {
  const text = await found.text();
  try {
    const told = JSON.parse(text) as { detail?: string; title?: string; allowed?: string };
    return new Problem(found.status, told.detail || told.title || "", told.allowed ?? null);
  } catch {
    return new Problem(found.status, found.statusText);
  }
}

export async function ask<T>(path: string, asked: Asked = {}, signal?: AbortSignal): Promise<T> {
  return (await (await answer(address(path, asked), signal)).json()) as T;
}

/** Ask the house to do something. */
export async function tell<T>(path: string, body: Record<string, unknown> = {}): Promise<T> {
  const asking = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return (await (await answer(address(path), undefined, asking)).json()) as T;
}

export interface Refusal {
  reason: string;
  words: string;
  words_zh: string;
  needed: string;
}
export interface Interval {
  low: number;
  high: number;
  level: number;
}
export interface Tile {
  name: string;
  value: number | null;
  refusal: Refusal | null;
  devices: number;
  devices_due: number;
  readings: number;
  excluded: number;
  coverage: number | null;
  interval: Interval | null;
  start: string;
  stop: string;
  explain: string | null;
  declared: { year: number | null; source: string; entered_by: string } | null;
  statistics: string | null;
}
export interface Measure {
  id: string;
  name_en: string;
  name_zh: string;
  unit: string;
  better: "higher" | "lower" | "neither";
  formula: string;
  version: number;
  source: string;
  verified: boolean;
}
export interface Comparison {
  benchmark: Tile | null;
  standing: "ahead" | "behind" | "no certain difference" | "refused";
  parity: number | null;
  gap: number | null;
  gap_interval: Interval | null;
  certain: boolean;
  refusal: Refusal | null;
  trend: { course: "closing" | "widening" | "no certain trend"; points: number } | null;
}
export interface Entry {
  measure: Measure;
  place: Tile;
  city: Comparison;
  peers: Comparison | null;
}
export interface Scorecard {
  name: string;
  benchmark: string;
  counts: { standing: Comparison["standing"]; measures: number }[];
  entries: Entry[];
  similar: { words: string };
}
export interface Index {
  framework: string;
  version: number;
  source: string;
  overall: number | null;
  dimensions: { dimension: string; score: number | null }[];
  valid: number;
  required: number;
  refusal: Refusal | null;
  indicators: { id: string; dimension: string; score: number | null }[];
}
export interface Explanation {
  measure: Measure;
  tile: Tile;
  parts: {
    place: string;
    name: string;
    value: number | null;
    divided_by: { value: number; year: number | null; source: string } | null;
    ingredients: { metric: string; unit: string; device: string; readings: number; excluded: number; coverage: number | null }[];
    queries: string[];
  }[];
}

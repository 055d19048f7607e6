// Which places need somebody, and why.

import type { Metric, Place } from "./api";
import { t } from "./texts";
import { type Mark, mark, measured, metricName, number, percent } from "./words";

export type State = "act" | "watch" | "good" | "silent";

export interface Attention {
  place: Place;
  state: State;
  why: { words: string; mark: Mark }[];
  score: number;
}

const ENOUGH = 0.9;
const SCORES = { act: 60, watch: 15 } as const;

/** Marks that most places share tell nothing about one of them: frost in winter. They are told once, for all. */
const SHARED = { share: 0.5, places: 4 } as const;

export interface Found {
  /** Those that need attention first. */
  places: Attention[];
  shared: { words: string; mark: Mark }[];
}

export function byAttention(places: Place[], metrics: Map<string, Metric>): Found {
  const shared = sharedMarks(places, metrics);
  const found = places.map((place) => attention(place, metrics, shared));
  return {
    places: found.sort((a, b) => b.score - a.score || a.place.code.localeCompare(b.place.code)),
    shared: [...shared].map(([id, values]) => ({
      words: `${metricName(metrics.get(id), id)} ${number(Math.min(...values))} – ${measured(Math.max(...values), metrics.get(id)?.unit ?? "")}`,
      mark: values.map((value) => mark(value, metrics.get(id)?.marks)).includes("act") ? "act" : "watch",
    })),
  };
}

/** By metric, the values of all places, where most of them are marked. */
function sharedMarks(places: Place[], metrics: Map<string, Metric>): Map<string, number[]> {
  const values = new Map<string, number[]>();
  for (const one of places.flatMap((place) => place.headlines)) values.set(one.metric, [...(values.get(one.metric) ?? []), one.value]);
  return new Map(
    [...values].filter(([id, known]) => {
      const marked = known.filter((value) => mark(value, metrics.get(id)?.marks) !== null);
      return known.length >= SHARED.places && marked.length > SHARED.share * known.length;
    }),
  );
}

function attention(place: Place, metrics: Map<string, Metric>, shared: Map<string, number[]>): Attention {
  const why: Attention["why"] = [];
  let score = 0;
  const note = (words: string, weight: Mark, points: number) => {
    why.push({ words, mark: weight });
    score += points;
  };
  if (place.offline > 0) {
    const share = place.offline / place.devices;
    note(t("why_offline", { n: place.offline, m: place.devices }), share >= 0.5 ? "act" : "watch", 20 + 100 * share);
  }
  for (const one of place.headlines) {
    if (shared.has(one.metric)) continue;
    const metric = metrics.get(one.metric);
    const found = mark(one.value, metric?.marks);
    if (found) note(`${metricName(metric, one.metric)} ${measured(one.value, one.unit)}`, found, SCORES[found]);
  }
  const arrived = place.today.completeness;
  if (arrived !== null && arrived < ENOUGH) note(t("why_incomplete", { n: percent(arrived) }), "watch", 30 * (1 - arrived));
  if (place.suspect > 0) note(t("why_suspect", { n: place.suspect }), null, 4);
  return { place, why, score, state: stateOf(place, why) };
}

function stateOf(place: Place, why: Attention["why"]): State {
  if (place.newest === null || place.offline === place.devices) return "silent";
  if (why.some((one) => one.mark === "act")) return "act";
  return why.some((one) => one.mark === "watch") ? "watch" : "good";
}

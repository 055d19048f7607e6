// A county at a glance: how fresh and whole the data are, where the places lie, and which of them need somebody.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useHouse } from "./app";
import { ask, type Line, type Newest, type Place, type Region, type RegionWhole, type Series, type Tiles } from "./api";
import { type Attention, byAttention } from "./attention";
import type { Feed } from "./feed";
import { Badge, Empty, later, Shown, Spark, useLoad, useNow } from "./parts";
import { said, t } from "./texts";
import { ago, duration, mark, measured, metricName, moment, nameOf, number, percent, short } from "./words";

interface Picture {
  places: Place[];
  tiles: Tiles | null;
  whole: RegionWhole;
}

const PlaceMap = later("map", () => import("./map").then((all) => all.PlaceMap));
const REFRESH_MS = 20_000;
const RAIN = "rainfall_total,rainfall_interval";
const HOUR_MS = 3_600_000;

async function picture(code: string, signal: AbortSignal): Promise<Picture> {
  const [places, whole] = await Promise.all([
    ask<{ places: Place[]; tiles: Tiles | null }>("/places", { region: code }, signal),
    ask<RegionWhole>(`/regions/${code}`, {}, signal),
  ]);
  return { ...places, whole };
}

/** Of the last day, by the hour; the places do not wait for it. */
async function rainOf(code: string, signal: AbortSignal): Promise<Line | null> {
  const found = await ask<Series>("/series", { metric: RAIN, region: code, by: "region", every: "1h", start: "-24h" }, signal);
  return found.series.find((line) => line.points.some((point) => point.value !== null)) ?? null;
}

export function Overview({ scope, feed }: { scope: Region | undefined; feed: Feed }) {
  const code = scope ? short(scope) : "";
  const loaded = useLoad(code, (signal) => picture(code, signal));
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && loaded.again(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [code]);
  useEffect(() => {
    if (feed.resets > 0) loaded.again();
  }, [feed.resets]);
  if (!scope) return <Empty what={t("nothing_here")} next={t("nothing_here_next")} />;
  return (
    <>
      <h1>{nameOf(scope)}</h1>
      <Shown of={loaded} rows={9}>
        {(data) =>
          data.places.length === 0 ? (
            <Empty what={t("nothing_here")} next={t("nothing_here_next")} />
          ) : (
            <Whole code={code} data={data} feed={feed} />
          )
        }
      </Shown>
    </>
  );
}

function Whole({ code, data, feed }: { code: string; data: Picture; feed: Feed }) {
  const { metrics } = useHouse();
  const found = useMemo(() => byAttention(data.places, metrics), [data.places, document.documentElement.lang]);
  const fresh = useFresh(feed);
  return (
    <>
      <TileRow code={code} data={data} feed={feed} />
      <div class="halves">
        <section aria-labelledby="list">
          <h2 id="list">{t("villages")}</h2>
          {found.shared.length > 0 && (
            <p class="regional">
              {t("nearly_everywhere")}
              {found.shared.map((one) => (
                <Badge key={one.words} state={one.mark ?? ""}>
                  {one.words}
                </Badge>
              ))}
            </p>
          )}
          <List found={found.places} feed={feed} fresh={fresh} />
        </section>
        <section aria-labelledby="map">
          <h2 id="map">{t("map")}</h2>
          <PlaceMap found={found.places} fresh={fresh} tiles={data.tiles} />
          <Silences whole={data.whole} />
        </section>
      </div>
    </>
  );
}

/** Places of which something came just now. */
function useFresh(feed: Feed): Set<string> {
  const [seen, setSeen] = useState<{ places: Feed["places"]; fresh: Set<string> }>({ places: feed.places, fresh: new Set() });
  useEffect(() => {
    const fresh = new Set([...feed.places].filter(([code, reading]) => seen.places.get(code) !== reading).map(([code]) => code));
    setSeen({ places: feed.places, fresh });
  }, [feed.places]);
  return seen.fresh;
}

/** What came last: by the stream, or as it was when the places were asked for. */
function newestOf(place: Place, live: Newest | undefined): Newest | null {
  return live && (place.newest === null || live.received_at >= place.newest.received_at) ? live : place.newest;
}

function Tile(props: { name: string; value: string; unit?: string; note: string; state?: string; children?: preact.ComponentChildren }) {
  return (
    <div class={`tile ${props.state ?? ""}`}>
      <h3>{props.name}</h3>
      <p class="figure">
        {props.value}
        {props.unit && <small> {props.unit}</small>}
      </p>
      <p class="note">{props.note}</p>
      {props.children}
    </div>
  );
}

function TileRow({ code, data, feed }: { code: string; data: Picture; feed: Feed }) {
  const now = useNow(1000);
  const { whole, places } = data;
  const newest = places.map((place) => newestOf(place, feed.places.get(place.code))).flatMap((one) => (one ? [one.received_at] : []));
  const last = newest.toSorted().at(-1);
  const heard = newest.filter((at) => now - Date.parse(at) < HOUR_MS).length;
  const arrived = whole.today.completeness;
  const rained = useLoad(`rain ${code}`, (signal) => rainOf(code, signal));
  const asked = useRef(data.places);
  useEffect(() => {
    if (asked.current !== data.places) rained.again();
    asked.current = data.places;
  }, [data.places]);
  const rain = rained.data?.points.slice(-24).map((point) => point.value) ?? [];
  return (
    <section class="tiles" aria-label={t("overview")}>
      <Tile
        name={t("freshness")}
        value={last ? duration((now - Date.parse(last)) / 1000) : "–"}
        note={t("freshness_note", { n: heard, m: places.length })}
      />
      <Tile
        name={t("completeness")}
        value={arrived === null ? "–" : percent(arrived)}
        unit="%"
        state={arrived !== null && arrived < 0.9 ? "watch" : ""}
        note={t("completeness_note", { n: number(whole.today.received), m: number(whole.today.expected ?? 0) })}
      />
      <Tile
        name={t("offline")}
        value={String(whole.offline)}
        state={whole.offline > 0 ? "watch" : ""}
        note={t("offline_note", { m: whole.devices, n: whole.never_heard })}
      />
      <Tile
        name={t("rain")}
        value={rain.length > 0 ? number(rain.reduce<number>((sum, value) => sum + (value ?? 0), 0)) : "–"}
        unit="mm"
        note={t(rain.length > 0 ? "rain_note" : rained.problem ? "failed" : rained.data === undefined ? "loading" : "not_measured")}
      >
        <Spark values={rain} bars />
      </Tile>
      <HeadlineTile name={t("reservoir")} metric="reservoir_level" whole={whole} />
      <HeadlineTile name={t("pressure")} metric="supply_pressure" whole={whole} />
    </section>
  );
}

function HeadlineTile({ name, metric, whole }: { name: string; metric: string; whole: RegionWhole }) {
  const { metrics } = useHouse();
  const found = whole.headlines.find((one) => one.metric === metric);
  if (!found) return <Tile name={name} value="–" note={t("not_measured")} />;
  const [value = "", unit = ""] = measured(found.value, found.unit).split(" ");
  return (
    <Tile
      name={name}
      value={value}
      unit={unit}
      state={mark(found.value, metrics.get(metric)?.marks) ?? ""}
      note={t("devices_note", { n: found.devices })}
    />
  );
}

function List({ found, feed, fresh }: { found: Attention[]; feed: Feed; fresh: Set<string> }) {
  const now = useNow(5000);
  return (
    <div class="scroll">
      <table class="places">
        <thead>
          <tr>
            <th scope="col">{t("village")}</th>
            <th scope="col">{t("state")}</th>
            <th scope="col">{t("latest")}</th>
            <th scope="col" class="number">{t("today")}</th>
          </tr>
        </thead>
        <tbody>
          {found.map((one) => (
            <Row key={one.place.code} one={one} live={feed.places.get(one.place.code)} fresh={fresh.has(one.place.code)} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ one, live, fresh, now }: { one: Attention; live: Newest | undefined; fresh: boolean; now: number }) {
  const { metrics } = useHouse();
  const { place, state, why } = one;
  const newest = newestOf(place, live);
  const arrived = place.today.completeness;
  return (
    <tr class={fresh ? "fresh" : ""} data-place={place.code}>
      <th scope="row">
        <a href={`#/village/${short(place)}`}>{nameOf(place)}</a>
        {place.setting && <small>{t(place.setting)}</small>}
      </th>
      <td class="why">
        <Badge state={state}>{t(state)}</Badge>
        <small>{why.length > 0 ? why.map((each) => each.words).join(" · ") : t("all_well")}</small>
      </td>
      <td class="newest">
        {newest && (
          <span>
            {metricName(metrics.get(newest.metric), newest.metric)} <b>{measured(newest.value, newest.unit)}</b>
          </span>
        )}
        <small title={newest ? moment(newest.received_at) : ""}>
          {newest ? ago(newest.received_at, Math.max(now, Date.parse(newest.received_at))) : t("no_readings")}
        </small>
      </td>
      <td class="number">{arrived === null ? "–" : `${percent(arrived)} %`}</td>
    </tr>
  );
}

function Silences({ whole }: { whole: RegionWhole }) {
  const { regions } = useHouse();
  const found = whole.silences.slice(0, 6);
  if (found.length === 0) return null;
  return (
    <div class="silences">
      <h3>{t("silences")}</h3>
      <ul>
        {found.map((one) => {
          const place = regions.get(one.where);
          return (
            <li key={one.where + one.since} title={one.detail}>
              <b>{place ? nameOf(place) : one.where || said("cause_house")}</b> <small>{said(`cause_${one.cause}`)}</small>{" "}
              {t(one.of > 1 ? "silence_words" : "silence_alone", { n: one.silent, m: one.of, t: moment(one.since) })}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

// One place: what every instrument says now, by domain; one quantity over time; and the place beside its city.

import { useEffect, useMemo } from "preact/hooks";
import { useHouse } from "./app";
import { ask, type Latest, type Line, type Metric, type RegionWhole, type Series } from "./api";
import type { Feed } from "./feed";
import { Beside } from "./beside";
import { History } from "./history";
import { Badge, Empty, Shown, Spark, useLoad, useNow } from "./parts";
import { said, t } from "./texts";
import { Today } from "./today";
import { doubts, duration, mark, metricName, moment, nameOf, number, short, unit } from "./words";

const DOMAINS = [
  "weather", "farm", "irrigation", "hydrology", "drinking water", "water quality", "dam safety", "livestock", "grid",
  "logistics", "environment", "transport", "remote sensing",
];

interface Now {
  whole: RegionWhole;
  latest: Latest[];
}

async function present(code: string, signal: AbortSignal): Promise<Now> {
  const [whole, latest] = await Promise.all([
    ask<RegionWhole>(`/regions/${code}`, {}, signal),
    ask<{ readings: Latest[] }>("/latest", { region: code }, signal),
  ]);
  return { whole, latest: latest.readings };
}

export function Village({ code, rest, feed }: { code: string; rest: string[]; feed: Feed }) {
  const loaded = useLoad(code, (signal) => present(code, signal));
  useEffect(() => {
    if (feed.resets > 0) loaded.again();
  }, [feed.resets]);
  return (
    <Shown of={loaded} rows={9}>
      {(data) => (
        <>
          <Head whole={data.whole} />
          <Tabs code={code} beside={rest[0] === "beside"} />
          <Body code={code} rest={rest} data={data} feed={feed} />
        </>
      )}
    </Shown>
  );
}

function Tabs({ code, beside }: { code: string; beside: boolean }) {
  return (
    <nav class="tabs" aria-label={t("village")}>
      <a href={`#/village/${code}`} aria-current={beside ? undefined : "page"}>
        {t("now")}
      </a>
      <a href={`#/village/${code}/beside`} aria-current={beside ? "page" : undefined}>
        {t("beside")}
      </a>
    </nav>
  );
}

function Body({ code, rest, data, feed }: { code: string; rest: string[]; data: Now; feed: Feed }) {
  const { metrics } = useHouse();
  if (rest[0] === "beside") return <Beside code={code} />;
  const metric = metrics.get(rest[0] ?? "");
  const series = data.latest.filter((one) => one.metric === metric?.id).length;
  return (
    <>
      {metric && <History code={code} metric={metric} text={rest[1]} series={series} />}
      {data.latest.length === 0 ? (
        <Empty what={t("no_readings")} next={t("nothing_here_next")} />
      ) : (
        <>
          <Cards code={code} latest={data.latest} feed={feed} chosen={metric?.id} />
          <Today code={code} measuredHere={new Set(data.latest.map((one) => one.metric))} />
        </>
      )}
    </>
  );
}

function Head({ whole }: { whole: RegionWhole }) {
  const above = whole.above.filter((one) => one.level !== "province");
  return (
    <>
      <p class="crumbs">
        {above.map((one) => (
          <span key={one.code}>
            <a href={one.level === "town" ? `#/village/${short(one)}` : `#/county/${short(one)}`}>{nameOf(one)}</a> ›{" "}
          </span>
        ))}
      </p>
      <h1>{nameOf(whole)}</h1>
      <p class="under">
        {whole.setting && <span>{t(whole.setting)}</span>}
        {whole.population !== null && <span>{t("people", { n: number(whole.population), m: number(whole.households ?? 0) })}</span>}
        <span>{t("devices_note", { n: whole.devices })}</span>
        {whole.offline > 0 && <Badge state="watch">{t("why_offline", { n: whole.offline, m: whole.devices })}</Badge>}
      </p>
    </>
  );
}

/** What a card shows: one metric of the place, all its series. */
interface Group {
  metric: Metric;
  readings: Latest[];
}

function grouped(latest: Latest[], feed: Feed, metrics: Map<string, Metric>): Group[] {
  const found = new Map<string, Group>();
  for (const one of latest) {
    const metric = metrics.get(one.metric);
    if (!metric || metric.domain === "device" || metric.domain === "benchmark") continue;
    const live = feed.series.get(`${one.device} ${one.metric}`);
    const newer = live && live.at >= one.at ? { ...one, ...live, offline: false, offline_since: null } : one;
    const group = found.get(metric.id) ?? { metric, readings: [] };
    group.readings.push(newer);
    found.set(metric.id, group);
  }
  // A visitor's experiments are no village's weather, where anybody else measures it.
  return [...found.values()].map((group) => {
    const own = group.readings.filter((one) => !one.experiment);
    return own.length > 0 ? { ...group, readings: own } : group;
  });
}

function Cards({ code, latest, feed, chosen }: { code: string; latest: Latest[]; feed: Feed; chosen: string | undefined }) {
  const { metrics } = useHouse();
  const now = useNow(5000);
  const groups = useMemo(() => grouped(latest, feed, metrics), [latest, feed.series, metrics]);
  const ids = groups.map((group) => group.metric).filter((metric) => metric.across !== null).map((metric) => metric.id);
  const lines = useLoad(`${code} ${ids.join()}`, (signal) =>
    ask<Series>("/series", { metric: ids.join(), region: code, by: "region", every: "1h", start: "-24h" }, signal),
  );
  const byMetric = new Map(lines.data?.series.map((line) => [line.metric, line]));
  const domains = [...new Set(groups.map((group) => group.metric.domain))].sort((a, b) => DOMAINS.indexOf(a) - DOMAINS.indexOf(b));
  return (
    <div class="domains">
      {domains.map((domain) => {
        const own = groups.filter((group) => group.metric.domain === domain);
        return (
          <section key={domain} class={`domain n${own.length}`} aria-label={said(domain, domain === "environment" ? "environment_domain" : domain)}>
            <h2>{said(domain, domain === "environment" ? "environment_domain" : domain)}</h2>
            <div class="cards">
              {own.map((group) => (
                <Card key={group.metric.id} code={code} group={group} line={byMetric.get(group.metric.id)} now={now} chosen={group.metric.id === chosen} />
              ))}
            </div>
          </section>
        );
      })}
    </div>
  );
}

const FOLDS: Record<string, (values: number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
};

/** Amounts are told for the last 24 hours; what a meter has counted since it was made says nothing. */
function isAmount(metric: Metric): boolean {
  return metric.kind === "counter" || metric.kind === "interval_sum";
}

/** Of the newest readings that are good, or of all where none is. */
function valueOf({ metric, readings }: Group, line: Line | undefined): number | null {
  if (isAmount(metric)) {
    const known = line?.points.slice(-24).flatMap((point) => (point.value === null ? [] : [point.value])) ?? [];
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
  }
  const good = readings.filter((one) => !one.suspect && one.offline !== true);
  const values = (good.length > 0 ? good : readings).map((one) => one.value);
  const fold = values.length > 1 ? FOLDS[metric.across ?? ""] : FOLDS["mean"];
  return fold ? fold(values) : (values[0] ?? null);
}

function Card(props: { code: string; group: Group; line: Line | undefined; now: number; chosen: boolean }) {
  const { code, group, line, now, chosen } = props;
  const { metric, readings } = group;
  const amount = isAmount(metric);
  const value = valueOf(group, line);
  const newest = Date.parse(readings.reduce((a, b) => (a.at > b.at ? a : b)).at);
  const suspect = readings.find((one) => one.suspect);
  const state = value === null || amount ? null : mark(value, metric.marks);
  const values = readings.map((one) => one.value);
  return (
    <a class={`card ${state ?? ""}`} href={`#/village/${code}/${metric.id}`} data-metric={metric.id} aria-current={chosen ? "true" : undefined}>
      <h3>{metricName(metric, metric.id)}</h3>
      <p class="figure">
        {value === null ? "–" : number(value)}
        <small> {unit(metric.unit)}</small>
      </p>
      <Spark values={line?.points.map((point) => point.value) ?? []} bars={amount} />
      <p class="note">
        {amount ? (
          <span>{t("last_24h")}</span>
        ) : (
          <span title={moment(newest)}>{t("ago", { t: duration((Math.max(now, newest) - newest) / 1000) })}</span>
        )}
        {readings.length > 1 && !amount && (
          <span>{t("sensors", { n: readings.length, low: number(Math.min(...values)), high: number(Math.max(...values)) })}</span>
        )}
        {suspect && <Badge state="watch">{`${t("suspect")}: ${doubts(suspect)}`}</Badge>}
        {readings.some((one) => one.offline === true) && <Badge state="silent">{t("stale")}</Badge>}
        {state && <Badge state={state}>{t(state)}</Badge>}
      </p>
    </a>
  );
}

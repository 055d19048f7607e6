// One quantity of a place over time: readings or buckets, their gaps and doubts, how much there is, and the city behind.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useHouse } from "./app";
import { address, answer, ask, type Asked, type Line, type Metric, type Profile, type Region, type Series } from "./api";
import type { drawnIn as Draw, Picture } from "./chart";
import { Empty, fetched, Shown, useLoad } from "./parts";
import { t } from "./texts";
import { bucketOf, fitsRaw, lengthOf, type Span, spanOf, WINDOWS } from "./spans";
import { duration, measured, metricName, moment, number, percent, unit, ZONE } from "./words";

const MOST_LINES = 6;
const MOST_PLACES = 60;

interface Found {
  main: Series;
  /** The place as one line: coverage, and how many were left out. */
  whole: Line | undefined;
  city: Line[];
  asked: Asked;
}

function iso(at: number): string {
  return new Date(Math.round(at / 1000) * 1000).toISOString().replace(".000Z", "Z");
}

/** The urban places of the same city, for the band behind a rural place. Sums grow with a place's size: they have no band. */
function urbanOf(regions: Iterable<Region>, code: string, metric: Metric): string[] {
  if (metric.across !== "mean" || metric.kind === "counter") return [];
  const own = code.padEnd(12, "0");
  const found = [...regions].filter((one) => one.setting === "urban" && one.devices > 0 && one.code.startsWith(code.slice(0, 4)));
  return found.some((one) => one.code === own) ? [] : found.map((one) => one.code).slice(0, MOST_PLACES);
}

/** The longest seconds between readings of a metric, by the models that devices have; 0 = all report on event. */
async function intervalOf(metric: Metric, signal: AbortSignal): Promise<number> {
  const { profiles } = await ask<{ profiles: Profile[] }>("/profiles", { used: "true" }, signal);
  const own = profiles.flatMap((profile) => profile.measures).filter((one) => one.metric === metric.id);
  return Math.max(0, ...own.map((one) => one.interval_s ?? 0)) || (metric.interval_s ?? 0);
}

/** What is drawn: one metric of a place, of so many series, each due at least every so many seconds. */
interface Wanted {
  code: string;
  metric: Metric;
  series: number;
  interval: number;
}

async function load({ code, metric, series, interval }: Wanted, span: Span, urban: string[], signal: AbortSignal): Promise<Found> {
  const bucket = bucketOf(span, interval);
  const asked: Asked = { metric: metric.id, region: code, start: iso(span.start), stop: iso(span.stop), tz: ZONE };
  const together = series > MOST_LINES && metric.across !== null;
  const how: Asked = fitsRaw(span, metric, series, interval) ? { limit: 10_000 } : { every: bucket, by: together ? "region" : "device" };
  const buckets: Asked = { ...asked, every: bucket, by: "region" };
  const [main, whole, city] = await Promise.all([
    ask<Series>("/series", { ...asked, ...how }, signal),
    metric.across === null ? undefined : ask<Series>("/series", buckets, signal),
    urban.length === 0 ? undefined : ask<Series>("/series", { ...buckets, region: urban.join(",") }, signal),
  ]);
  return { main, whole: whole?.series[0], city: city?.series ?? [], asked: { ...asked, ...how } };
}

interface Opened {
  code: string;
  metric: Metric;
  text: string | undefined;
  series: number;
}

export function History(opened: Opened) {
  const interval = useLoad(opened.metric.id, (signal) => intervalOf(opened.metric, signal));
  return <Shown of={interval}>{(data) => <OverTime {...opened} interval={data} />}</Shown>;
}

function OverTime({ code, metric, text, series, interval }: Opened & { interval: number }) {
  const { regions } = useHouse();
  const { name, span: whole } = useMemo(() => spanOf(text, Date.now()), [text]);
  const [zoomed, setZoomed] = useState<Span | null>(null);
  useEffect(() => setZoomed(null), [text, metric.id]);
  const span = zoomed ?? whole;
  const urban = useMemo(() => urbanOf(regions.values(), code, metric), [regions, code, metric]);
  const key = [code, metric.id, span.start, span.stop].join();
  const loaded = useLoad(key, (signal) => load({ code, metric, series, interval }, span, urban, signal));
  // While finer buckets are on their way, the coarser ones stay.
  const last = useRef<Found | undefined>(undefined);
  if (loaded.data) last.current = loaded.data;
  const shown = loaded.data ?? (loaded.problem ? undefined : last.current);
  const zoom = (to: Span) => {
    const finer = lengthOf(bucketOf(to, interval)) < lengthOf(bucketOf(span, interval));
    if (finer || fitsRaw(to, metric, series, interval) !== fitsRaw(span, metric, series, interval)) setZoomed(to);
  };
  return (
    <section class="history" aria-label={metricName(metric, metric.id)}>
      <div class="heading">
        <h2>
          {metricName(metric, metric.id)} {unit(metric.unit) && <small>{unit(metric.unit)}</small>}
        </h2>
        <Windows code={code} metric={metric.id} name={name} span={span} />
        {zoomed && (
          <button type="button" onClick={() => setZoomed(null)}>
            {t("whole_window")}
          </button>
        )}
      </div>
      <Shown of={{ ...loaded, data: shown }} rows={6}>
        {(found) => <Drawn found={found} metric={metric} span={span} zoom={zoom} />}
      </Shown>
    </section>
  );
}

function Windows({ code, metric, name, span }: { code: string; metric: string; name: string | null; span: Span }) {
  const local = (at: number) => new Date(at - 60_000 * new Date(at).getTimezoneOffset()).toISOString().slice(0, 16);
  const [open, setOpen] = useState(name === null);
  return (
    <div class="choice" role="group" aria-label={t("window")}>
      {Object.keys(WINDOWS).map((one) => (
        <a key={one} class="button" href={`#/village/${code}/${metric}/${one}`} aria-current={name === one ? "true" : undefined}>
          {t(`w${one}` as "w24h")}
        </a>
      ))}
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("custom")}
      </button>
      {open && (
        <form
          class="choice"
          onSubmit={(event) => {
            event.preventDefault();
            const data = new FormData(event.currentTarget);
            const [from, to] = ["from", "to"].map((field) => Date.parse(String(data.get(field))));
            if (from && to && from < to) location.hash = `#/village/${code}/${metric}/${iso(from)}~${iso(to)}`;
          }}
        >
          <label>
            {t("from")} <input name="from" type="datetime-local" required defaultValue={local(span.start)} />
          </label>
          <label>
            {t("to")} <input name="to" type="datetime-local" required defaultValue={local(span.stop)} />
          </label>
          <button type="submit">{t("show")}</button>
        </form>
      )}
    </div>
  );
}

function Drawn({ found, metric, span, zoom }: { found: Found; metric: Metric; span: Span; zoom: (to: Span) => void }) {
  const picture: Picture = { metric, span, raw: found.main.every === null, lines: found.main.series, whole: found.whole, city: found.city };
  const something = found.main.series.some((line) => line.points.some((point) => point.value !== null));
  const every = found.main.every;
  return (
    <>
      {something ? <Canvas picture={picture} zoom={zoom} /> : <Empty what={t("no_data")} next={t("no_data_next")} />}
      <div class="under">
        <span>{every === null ? t("as_stored") : t("every", { t: duration(lengthOf(every) / 1000) })}</span>
        {found.city.length > 0 && <span class="band">{t("city_band")}</span>}
        <Coverage line={found.whole} />
        <Downloads asked={found.asked} />
      </div>
      {something && <Numbers lines={found.main.series} metric={metric} />}
    </>
  );
}

function Coverage({ line }: { line: Line | undefined }) {
  const known = line?.points.flatMap((point) => (point.coverage == null ? [] : [point.coverage])) ?? [];
  const out = line?.points.reduce((sum, point) => sum + (point.excluded ?? 0), 0) ?? 0;
  if (known.length === 0) return null;
  return (
    <span title={t("coverage_note")}>
      {t("coverage")} {percent(known.reduce((sum, share) => sum + share, 0) / known.length)} %
      {out > 0 && ` · ${t("left_out", { n: out })}`}
    </span>
  );
}

/** The chart itself is loaded when the first one is opened. */
function Canvas(props: { picture: Picture; zoom: (to: Span) => void }) {
  const loaded = useLoad("chart", fetched(() => import("./chart")));
  return <Shown of={loaded}>{({ drawnIn }) => <Canvased drawnIn={drawnIn} {...props} />}</Shown>;
}

function Canvased({ drawnIn, picture, zoom }: { drawnIn: typeof Draw; picture: Picture; zoom: (to: Span) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof Draw> | undefined>(undefined);
  const newest = useRef(zoom);
  newest.current = zoom;
  useEffect(() => {
    if (place.current === null) return undefined;
    const drawn = drawnIn(place.current, (to) => newest.current(to));
    chart.current = drawn;
    return () => drawn.end();
  }, []);
  useEffect(() => chart.current?.show(picture), [picture.lines, document.documentElement.lang]);
  return <div class="chart" ref={place} role="img" aria-label={t("chart_of", { n: metricName(picture.metric, picture.metric.id) })} />;
}

const FORMATS = ["csv", "parquet"] as const;

function Downloads({ asked }: { asked: Asked }) {
  const [copied, setCopied] = useState(false);
  const whole = location.origin + address("/series", asked);
  const save = async (format: (typeof FORMATS)[number]) => {
    const found = await answer(address("/series", { ...asked, format }));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await found.blob());
    link.download = `${asked["metric"]}.${format}`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <span class="choice">
      {FORMATS.map((format) => (
        <button key={format} type="button" onClick={() => void save(format)}>
          {`${t("download")} ${format === "csv" ? "CSV" : "Parquet"}`}
        </button>
      ))}
      <button
        type="button"
        title={whole}
        onClick={() => void navigator.clipboard.writeText(whole).then(() => setCopied(true))}
      >
        {t(copied ? "copied" : "copy")}
      </button>
    </span>
  );
}

const MOST_ROWS = 50;

function Numbers({ lines, metric }: { lines: Line[]; metric: Metric }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("table")}</summary>
      {open &&
        lines.slice(0, MOST_LINES).map((line) => (
          <div class="scroll" key={line.group} tabIndex={0} role="region" aria-label={line.group}>
            <table>
              <caption>{line.name || line.group}</caption>
              <thead>
                <tr>
                  <th scope="col">{t("time")}</th>
                  <th scope="col" class="number">{t("value")}</th>
                  <th scope="col" class="number">{t("count")}</th>
                  <th scope="col" class="number">{t("coverage")}</th>
                </tr>
              </thead>
              <tbody>
                {line.points.slice(-MOST_ROWS).toReversed().map((point) => (
                  <tr key={point.at}>
                    <td>{moment(point.at)}</td>
                    <td class="number">{point.value === null ? "–" : measured(point.value, metric.unit)}</td>
                    <td class="number">{point.count === undefined ? "1" : number(point.count)}</td>
                    <td class="number">{point.coverage == null ? "–" : `${percent(point.coverage)} %`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ))}
    </details>
  );
}

// A village beside its city: every measure with what it rests on, or in words why there is no number.

import { useEffect, useRef, useState } from "preact/hooks";
import { useHouse } from "./app";
import { answer, ask, type Comparison, type Entry, type Explanation, type Index, type Measure, type Refusal, type Scorecard, type Tile } from "./api";
import { Badge, Shown, useLoad } from "./parts";
import { currentLanguage, said, t } from "./texts";
import { measured, metricName, moment, number, percent, ZONE } from "./words";

const STATES = { ahead: "good", behind: "act", "no certain difference": "silent", refused: "silent" } as const;
const TEXTS = { ahead: "ahead", behind: "behind", "no certain difference": "level", refused: "refused" } as const;
const COURSES = { closing: "course_closing", widening: "course_widening", "no certain trend": "course_unclear" } as const;
/** Where the bar of parity ends. */
const MOST_PARITY = 1.5;

export function Beside({ code }: { code: string }) {
  const card = useLoad(`card ${code}`, (signal) => ask<Scorecard>(`/scorecard/${code}`, { tz: ZONE }, signal));
  const index = useLoad(`index ${code}`, (signal) => ask<Index>(`/index/${code}`, { tz: ZONE }, signal));
  const [explained, setExplained] = useState<string | null>(null);
  return (
    <>
      <Shown of={card} rows={10}>
        {(data) => <Card data={data} explain={setExplained} />}
      </Shown>
      <Shown of={index} rows={3}>
        {(data) => <Dimensions index={data} />}
      </Shown>
      {explained !== null && <Explained where={explained} close={() => setExplained(null)} />}
    </>
  );
}

function measureName(measure: Measure): string {
  const name = currentLanguage() === "zh" ? measure.name_zh : measure.name_en;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function refusalWords(refusal: Refusal): string {
  return currentLanguage() === "zh" ? `${refusal.words_zh}（${refusal.needed}）` : refusal.words;
}

function Card({ data, explain }: { data: Scorecard; explain: (where: string) => void }) {
  const told = data.entries.filter((one) => one.city.standing !== "refused");
  const peers = data.entries.some((one) => one.peers !== null);
  const refused = data.entries.filter((one) => one.city.standing === "refused");
  return (
    <section aria-labelledby="card">
      <h2 id="card" class="hidden">{t("beside")}</h2>
      <p class="under">
        <span>{t("last_30_days", { n: data.benchmark })}</span>
        {data.counts.map((one) => (
          <Badge key={one.standing} state={STATES[one.standing]}>{`${t(TEXTS[one.standing])}: ${one.measures}`}</Badge>
        ))}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("beside")}>
        <table class="scorecard">
          <thead>
            <tr>
              <th scope="col">{t("measure")}</th>
              <th scope="col">{t("state")}</th>
              <th scope="col" class="number">{t("village")}</th>
              <th scope="col" class="number">{t("city")}</th>
              {peers && <th scope="col" class="number">{t("peers")}</th>}
              <th scope="col" title={t("parity_note")}>{t("parity")}</th>
              <th scope="col" class="number">{t("gap")}</th>
              <th scope="col">{t("trend")}</th>
            </tr>
          </thead>
          <tbody>
            {told.map((one) => (
              <Row key={one.measure.id} one={one} peers={peers} explain={explain} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="remark">{data.similar.words}</p>
      {refused.length > 0 && <Refused entries={refused} explain={explain} />}
    </section>
  );
}

function Row({ one, peers, explain }: { one: Entry; peers: boolean; explain: (where: string) => void }) {
  const { measure, city } = one;
  return (
    <tr>
      <th scope="row">
        <b>{measureName(measure)}</b>
        <small>{measured(0, measure.unit).replace(/^0\s?/, "")}</small>
      </th>
      <td>
        <Badge state={STATES[city.standing]}>{t(TEXTS[city.standing])}</Badge>
      </td>
      <Value tile={one.place} measure={measure} explain={explain} />
      <Value tile={city.benchmark} measure={measure} explain={explain} />
      {peers && <Value tile={one.peers?.benchmark ?? null} measure={measure} explain={explain} />}
      <td><Parity city={city} /></td>
      <td class="number">
        {city.gap === null ? "–" : number(city.gap)}
        {city.gap_interval && <small>{`${number(city.gap_interval.low)} … ${number(city.gap_interval.high)}`}</small>}
      </td>
      <td>{city.trend ? t(COURSES[city.trend.course]) : "–"}</td>
    </tr>
  );
}

function Value({ tile, measure, explain }: { tile: Tile | null; measure: Measure; explain: (where: string) => void }) {
  if (tile === null) return <td class="number">–</td>;
  if (tile.value === null) return <td class="number"><small>{tile.refusal ? refusalWords(tile.refusal) : "–"}</small></td>;
  const { explain: where, declared } = tile;
  return (
    <td class="number">
      {where === null ? (
        tile.statistics === null ? (
          number(tile.value)
        ) : (
          <a href={tile.statistics}>{number(tile.value)}</a>
        )
      ) : (
        <button type="button" class="told" title={t("explain")} aria-label={`${t("explain")}: ${measureName(measure)}, ${tile.name}, ${number(tile.value)}`} onClick={() => explain(where)}>
          {number(tile.value)}
        </button>
      )}
      {tile.coverage !== null && <small>{`${percent(tile.coverage)} %`}</small>}
      {declared && <small title={declared.entered_by}>{[declared.year, declared.source].filter(Boolean).join(" · ")}</small>}
    </td>
  );
}

function Parity({ city }: { city: Comparison }) {
  if (city.parity === null) return <small>{city.refusal ? refusalWords(city.refusal) : "–"}</small>;
  const width = (100 * Math.min(city.parity, MOST_PARITY)) / MOST_PARITY;
  return (
    <span class="parity">
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" y="3" width="100" height="6" />
        <rect class={STATES[city.standing]} y="3" width={width} height="6" />
        <rect class="one" x={100 / MOST_PARITY - 0.5} y="0" width="1" height="12" />
      </svg>
      {number(city.parity)}
    </span>
  );
}

/** Those without a number, under the reason that they share. */
function Refused({ entries, explain }: { entries: Entry[]; explain: (where: string) => void }) {
  const reasons = new Map<string, Entry[]>();
  for (const one of entries) {
    const refusal = one.place.refusal ?? one.city.refusal;
    const words = refusal ? refusalWords(refusal) : t("refused");
    reasons.set(words, [...(reasons.get(words) ?? []), one]);
  }
  return (
    <div class="refused">
      <h2>{`${t("refused")}: ${entries.length}`}</h2>
      <dl>
        {[...reasons].map(([words, found]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>
              {found.map((one) => (
                <Name key={one.measure.id} one={one} explain={explain} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Name({ one, explain }: { one: Entry; explain: (where: string) => void }) {
  const where = one.place.explain;
  // Where no device measures it there is nothing to explain.
  if (where === null || one.place.devices_due === 0) return <span>{measureName(one.measure)}</span>;
  return (
    <button type="button" class="told" title={t("explain")} onClick={() => explain(where)}>
      {measureName(one.measure)}
    </button>
  );
}

function Dimensions({ index }: { index: Index }) {
  return (
    <section aria-labelledby="index">
      <h2 id="index">{t("index")}</h2>
      <div class="sheet">
        <p class="figure">{index.overall === null ? "–" : number(index.overall)}</p>
        <p class="note">
          <span>{index.refusal ? t("index_none", { n: refusalWords(index.refusal) }) : t("index_of", { n: index.valid, m: index.required })}</span>
          <span>{`${index.framework} ${index.version} · ${index.source}`}</span>
        </p>
        <div class="dimensions">
          {index.dimensions.map((one) => {
            const own = index.indicators.filter((each) => each.dimension === one.dimension);
            const known = own.filter((each) => each.score !== null).length;
            return (
              <div key={one.dimension}>
                <h3>{said(one.dimension)}</h3>
                <meter min={0} max={1} value={one.score ?? 0} aria-label={said(one.dimension)} />
                <small>{one.score === null ? t("index_of", { n: known, m: own.length }) : number(one.score)}</small>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

function Explained({ where, close }: { where: string; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const loaded = useLoad(where, async (signal) => (await (await answer(where, signal)).json()) as Explanation);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={close} aria-label={t("explain")}>
      <button type="button" class="close" onClick={() => dialog.current?.close()}>
        {t("close")}
      </button>
      <Shown of={loaded} rows={6}>
        {(data) => <Explanations data={data} />}
      </Shown>
    </dialog>
  );
}

const MOST_ROWS = 60;

function Explanations({ data }: { data: Explanation }) {
  const { metrics } = useHouse();
  const { measure, tile } = data;
  const rows = data.parts.flatMap((part) => part.ingredients.map((one) => ({ part, one })));
  return (
    <>
      <h2>{measureName(measure)}</h2>
      <p class="figure">{tile.value === null ? "–" : measured(tile.value, measure.unit)}</p>
      <p class="note">
        <span>{tile.name}</span>
        <span>{`${moment(tile.start)} – ${moment(tile.stop)}`}</span>
        {tile.coverage !== null && <span>{`${t("coverage")} ${percent(tile.coverage)} %`}</span>}
        {tile.interval && <span>{`${number(tile.interval.low)} … ${number(tile.interval.high)} (${percent(tile.interval.level)} %)`}</span>}
      </p>
      <dl class="facts">
        <dt>{t("formula")}</dt>
        <dd>{measure.formula}</dd>
        <dt>{t("source")}</dt>
        <dd>{measure.source}</dd>
        {data.parts.flatMap((part) =>
          part.divided_by
            ? [<dt key={part.place}>{part.name}</dt>, <dd key={`${part.place} by`}>{`÷ ${number(part.divided_by.value)} (${part.divided_by.source})`}</dd>]
            : [],
        )}
      </dl>
      <h3>{t("ingredients")}</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("ingredients")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("device")}</th>
              <th scope="col">{t("metric")}</th>
              <th scope="col" class="number">{t("count")}</th>
              <th scope="col" class="number">{t("excluded")}</th>
              <th scope="col" class="number">{t("coverage")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST_ROWS).map(({ one }) => (
              <tr key={one.device + one.metric}>
                <th scope="row">{one.device}</th>
                <td>{metricName(metrics.get(one.metric), one.metric)}</td>
                <td class="number">{number(one.readings)}</td>
                <td class="number">{number(one.excluded)}</td>
                <td class="number">{one.coverage === null ? "–" : `${percent(one.coverage)} %`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3>{t("ask_again")}</h3>
      <ul class="queries">
        {data.parts.flatMap((part) => part.queries).map((query) => (
          <li key={query}>
            <a href={query}>{query}</a>
          </li>
        ))}
      </ul>
    </>
  );
}

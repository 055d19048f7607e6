// Water and energy of a place, today against yesterday and the same day last year, each up to the same whole hour.

import { useHouse } from "./app";
import { ask, type Series } from "./api";
import { useLoad } from "./parts";
import { t } from "./texts";
import { measured, metricName, percent, ZONE } from "./words";

const AMOUNTS = ["supply_volume", "irrigation_volume", "canal_volume", "drinking_water_intake", "energy_import", "energy_export"];
const DAYS_BACK = [0, 1, 365] as const;
const DAY_MS = 86_400_000;

/** By metric, the amount of each of the days. */
type Amounts = Map<string, (number | null)[]>;

/** Local midnight so many days back, and the instant of that day at which the whole hours of today end. */
function spanOf(now: Date, back: number): { start: Date; stop: Date } {
  const start = new Date(now.getFullYear(), now.getMonth(), now.getDate() - back);
  return { start, stop: new Date(start.getTime() + 3_600_000 * now.getHours()) };
}

async function amounts(code: string, metrics: string[], now: Date, signal: AbortSignal): Promise<Amounts> {
  const found: Amounts = new Map(metrics.map((metric) => [metric, DAYS_BACK.map(() => null)]));
  if (now.getHours() === 0) return found;
  const days = await Promise.all(
    DAYS_BACK.map((back) => {
      const { start, stop } = spanOf(now, back);
      const asked = { metric: metrics.join(), region: code, by: "region", every: "1h", tz: ZONE };
      return ask<Series>("/series", { ...asked, start: start.toISOString(), stop: stop.toISOString() }, signal);
    }),
  );
  days.forEach((day, index) => {
    for (const line of day.series) {
      const known = line.points.flatMap((point) => (point.value === null ? [] : [point.value]));
      const row = found.get(line.metric);
      if (row && known.length > 0) row[index] = known.reduce((sum, value) => sum + value, 0);
    }
  });
  return found;
}

export function Today({ code, measuredHere }: { code: string; measuredHere: Set<string> }) {
  const { metrics } = useHouse();
  const wanted = AMOUNTS.filter((metric) => measuredHere.has(metric));
  const now = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
  const loaded = useLoad(`${code} ${wanted.join()} ${now.getTime() % DAY_MS}`, (signal) =>
    wanted.length === 0 ? Promise.resolve(new Map() as Amounts) : amounts(code, wanted, now, signal),
  );
  const rows = [...(loaded.data ?? [])].filter(([, values]) => values.some((value) => value !== null));
  if (rows.length === 0) return null;
  const hour = `${String(now.getHours()).padStart(2, "0")}:00`;
  return (
    <section aria-labelledby="today">
      <h2 id="today">{t("water_and_energy", { t: hour })}</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="today">
        <table class="today">
          <thead>
            <tr>
              <th scope="col">{t("metric")}</th>
              <th scope="col" class="number">{t("day_so_far")}</th>
              <th scope="col" class="number">{t("yesterday")}</th>
              <th scope="col" class="number">{t("last_year")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([id, [today = null, yesterday = null, before = null]]) => {
              const unit = metrics.get(id)?.unit ?? "";
              return (
                <tr key={id}>
                  <th scope="row">{metricName(metrics.get(id), id)}</th>
                  <td class="number">{today === null ? "–" : measured(today, unit)}</td>
                  <Against today={today} then={yesterday} unit={unit} />
                  <Against today={today} then={before} unit={unit} />
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Against({ today, then, unit }: { today: number | null; then: number | null; unit: string }) {
  if (then === null) return <td class="number">–</td>;
  const change = today === null || then === 0 ? null : today / then - 1;
  return (
    <td class="number">
      {measured(then, unit)}
      {change !== null && <small>{` ${Math.abs(change) < 0.005 ? "±" : change > 0 ? "+" : "−"}${percent(Math.abs(change))} %`}</small>}
    </td>
  );
}

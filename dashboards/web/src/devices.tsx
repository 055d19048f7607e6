// What stands where, who has fallen silent, and how much of each device arrives.

import { useState } from "preact/hooks";
import { useHouse } from "./app";
import { ask, type Device, type DeviceWhole } from "./api";
import { Strangers } from "./discovered";
import { Badge, Empty, Shown, useLoad } from "./parts";
import { t } from "./texts";
import { ago, doubts, duration, mark, measured, metricName, moment, nameOf, percent, short } from "./words";

const STATES = ["all", "online", "offline", "on_event"] as const;
type State = (typeof STATES)[number];
const MOST = 500;

function stateOf(device: Device): Exclude<State, "all"> {
  return device.offline === null ? "on_event" : device.offline ? "offline" : "online";
}

const BADGES = { online: "good", offline: "act", on_event: "silent" } as const;

export function DevicesView({ region }: { region: string | undefined }) {
  const loaded = useLoad(region ?? "", (signal) => ask<{ devices: Device[] }>("/devices", { region, limit: 5000 }, signal));
  const [text, setText] = useState("");
  const [state, setState] = useState<State>("all");
  return (
    <>
      <h1>{t("devices")}</h1>
      <div class="filter">
        <input type="search" placeholder={t("search")} aria-label={t("search")} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <div role="group" aria-label={t("state")} class="choice">
          {STATES.map((one) => (
            <button key={one} type="button" aria-pressed={state === one} onClick={() => setState(one)}>
              {t(one === "offline" ? "silent" : one)}
            </button>
          ))}
        </div>
      </div>
      <Strangers region={region} adopted={loaded.again} />
      <Shown of={loaded} rows={10}>
        {({ devices }) => <Found devices={devices} text={text.toLowerCase()} state={state} />}
      </Shown>
    </>
  );
}

function Found({ devices, text, state }: { devices: Device[]; text: string; state: State }) {
  const { regions } = useHouse();
  const matching = devices.filter(
    (one) => (state === "all" || stateOf(one) === state) && (one.id.toLowerCase().includes(text) || one.name.toLowerCase().includes(text)),
  );
  // Who is silent comes first.
  const found = matching.toSorted((a, b) => Number(b.offline === true) - Number(a.offline === true));
  if (devices.length === 0) return <Empty what={t("nothing_here")} next={t("nothing_here_next")} />;
  if (found.length === 0) return <Empty what={t("no_match")} next={t("no_match_next")} />;
  return (
    <>
      <p class="under" role="status">{t("shown", { n: Math.min(found.length, MOST), m: devices.length })}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("devices")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("device")}</th>
              <th scope="col">{t("place")}</th>
              <th scope="col">{t("state")}</th>
              <th scope="col">{t("last_heard")}</th>
              <th scope="col">{t("clock")}</th>
              <th scope="col" class="number">{t("today")}</th>
              <th scope="col" class="number">{t("week")}</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, MOST).map((one) => {
              const place = regions.get(one.region);
              return (
                <tr key={one.id}>
                  <th scope="row">
                    <a href={`#/device/${encodeURIComponent(one.id)}`}>{one.id}</a>
                    <small>{one.profile.replaceAll("_", " ")}</small>
                  </th>
                  <td>{place ? <a href={`#/village/${short(place)}`}>{nameOf(place)}</a> : one.region}</td>
                  <td><StateBadge device={one} /></td>
                  <td>{one.last_heard_at ? moment(one.last_heard_at) : t("never")}</td>
                  <td>{one.clock === "right" ? t("clock_right") : (one.clock ?? "–")}</td>
                  <td class="number">{share(one.today.completeness)}</td>
                  <td class="number">{share(one.last_7_days.completeness)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

function share(completeness: number | null): string {
  return completeness === null ? "–" : `${percent(completeness)} %`;
}

function StateBadge({ device }: { device: Device }) {
  const state = stateOf(device);
  return <Badge state={BADGES[state]}>{t(state === "offline" ? "silent" : state)}</Badge>;
}

export function DeviceView({ id }: { id: string }) {
  const loaded = useLoad(id, (signal) => ask<DeviceWhole>(`/devices/${encodeURIComponent(id)}`, {}, signal));
  return <Shown of={loaded}>{(device) => <One device={device} />}</Shown>;
}

function One({ device }: { device: DeviceWhole }) {
  const { regions, metrics } = useHouse();
  const place = regions.get(device.region);
  const now = Date.now();
  return (
    <>
      <p class="crumbs">
        {place && <a href={`#/village/${short(place)}`}>{nameOf(place)}</a>} ›
      </p>
      <h1>{device.id}</h1>
      <p class="under">
        <StateBadge device={device} />
        <span>{device.name}</span>
        <span>{device.last_heard_at ? `${t("last_heard")}: ${ago(device.last_heard_at, now)}` : t("never")}</span>
        <span>{`${t("clock")}: ${device.clock === "right" ? t("clock_right") : (device.clock ?? "–")}`}</span>
        {device.topic && <code>{device.topic}</code>}
      </p>
      <section aria-labelledby="calendar">
        <h2 id="calendar">{t("calendar")}</h2>
        <Calendar device={device} />
      </section>
      <section aria-labelledby="messages">
        <h2 id="messages">{t("last_messages")}</h2>
        {device.latest.length === 0 ? (
          <Empty what={t("no_readings")} next={t("nothing_here_next")} />
        ) : (
          <div class="scroll" tabIndex={0} role="region" aria-label={t("last_messages")}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("metric")}</th>
                  <th scope="col" class="number">{t("value")}</th>
                  <th scope="col">{t("time")}</th>
                  <th scope="col">{t("state")}</th>
                </tr>
              </thead>
              <tbody>
                {device.latest.map((one) => {
                  const found = mark(one.value, metrics.get(one.metric)?.marks);
                  return (
                    <tr key={one.device + one.metric}>
                      <th scope="row">
                        <a href={`#/village/${short(device.region)}/${one.metric}`}>{metricName(metrics.get(one.metric), one.metric)}</a>
                        {one.device !== device.id && <small>{one.device}</small>}
                      </th>
                      <td class="number">{measured(one.value, one.unit)}</td>
                      <td title={moment(one.at)}>{t("ago", { t: duration(one.age_s) })}</td>
                      <td>
                        {one.quality.length > 0 ? <Badge state="watch">{doubts(one)}</Badge> : found ? <Badge state={found}>{t(found)}</Badge> : <Badge state="good">{t("good")}</Badge>}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}

function Calendar({ device }: { device: DeviceWhole }) {
  return (
    <ol class="calendar">
      {device.days.toReversed().map((one) => {
        const level = one.completeness === null ? "none" : one.completeness >= 0.95 ? "full" : one.completeness >= 0.7 ? "most" : one.completeness > 0 ? "some" : "nothing";
        const words = one.completeness === null ? t("calendar_unknown", { d: one.day }) : t("calendar_day", { d: one.day, n: percent(one.completeness) });
        return (
          <li key={one.day} class={level} title={words}>
            <span class="hidden">{words}</span>
            <b aria-hidden="true">{one.day.slice(8)}</b>
          </li>
        );
      })}
    </ol>
  );
}

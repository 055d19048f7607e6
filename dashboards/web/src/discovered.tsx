// Devices that were heard and that nobody has registered: what they send, and their adoption.

import { useEffect, useState } from "preact/hooks";
import { useHouse } from "./app";
import { ask, type Problem, type Profile, type Replays, type Stranger, tell } from "./api";
import { Failure, useLoad } from "./parts";
import { t } from "./texts";
import { ago, measured, metricName, nameOf, short } from "./words";

const POLL_MS = 1000;
const MOST_VALUES = 6;

/** Nothing at all where there are none: most days it is so. */
export function Strangers({ region, adopted }: { region: string | undefined; adopted: () => void }) {
  const loaded = useLoad("strangers", (signal) => ask<{ devices: Stranger[] }>("/discovered", {}, signal));
  const [done, setDone] = useState<string[]>([]);
  const found = loaded.data?.devices ?? [];
  if (loaded.problem) return <Failure problem={loaded.problem} again={loaded.again} />;
  if (found.length === 0 && done.length === 0) return null;
  const finish = (id: string) => {
    setDone((before) => [...before, id]);
    adopted();
    loaded.again();
  };
  return (
    <section aria-labelledby="strangers" class="strangers">
      <h2 id="strangers">{t("strangers")}</h2>
      <p class="under">{t("strangers_note")}</p>
      {done.map((id) => (
        <Replayed key={id} id={id} />
      ))}
      {found.map((one) => (
        <Card key={one.id} one={one} region={region} finish={finish} />
      ))}
    </section>
  );
}

function Card({ one, region, finish }: { one: Stranger; region: string | undefined; finish: (id: string) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <article class="stranger" data-stranger={one.id}>
      <h3>{one.id}</h3>
      <p class="under">
        <span>{t("strangers_sent", { n: one.messages })}</span>
        <span>{`${t("last_heard")}: ${ago(one.last_heard_at, Date.now())}`}</span>
        <code>{one.topic}</code>
      </p>
      <Says one={one} />
      {one.hindrance && <p class="note">{one.hindrance}</p>}
      {!one.hindrance && !open && (
        <button type="button" onClick={() => setOpen(true)}>
          {t("adopt")}
        </button>
      )}
      {open && <Adopting one={one} region={region} finish={finish} />}
    </article>
  );
}

function Says({ one }: { one: Stranger }) {
  const { metrics } = useHouse();
  const said = one.values.map((each) => {
    const name = metricName(metrics.get(each.metric), each.metric) + (each.channel ? ` ${each.channel}` : "");
    return `${name} ${measured(each.value, each.unit ?? "")}`;
  });
  const parts = said.length > 0 ? said : one.fields.map((each) => `${each.path} = ${each.value}`);
  if (parts.length === 0) return <p class="payload">{one.payload_text?.slice(0, 160)}</p>;
  return <p>{parts.slice(0, MOST_VALUES).join(" · ") + (parts.length > MOST_VALUES ? " …" : "")}</p>;
}

function Adopting({ one, region, finish }: { one: Stranger; region: string | undefined; finish: (id: string) => void }) {
  const { regions } = useHouse();
  const profiles = useLoad("profiles", (signal) => ask<{ profiles: Profile[] }>("/profiles", {}, signal));
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const known = profiles.data?.profiles ?? [];
  const fitting = one.profiles.flatMap((id) => known.filter((profile) => profile.id === id));
  const rest = known.filter((profile) => !one.profiles.includes(profile.id));
  const places = [...regions.values()].filter((place) => place.level === "village" && (!region || place.code.startsWith(region)));
  const send = (form: HTMLFormElement) => {
    const said = new FormData(form);
    setBusy(true);
    tell(`/discovered/${encodeURIComponent(one.id)}/adopt`, {
      profile: said.get("profile"),
      region: said.get("region"),
      name: said.get("name"),
    }).then(
      () => finish(one.id),
      (error: Problem) => {
        setBusy(false);
        setProblem(error);
      },
    );
  };
  return (
    <form
      class="adopting"
      onSubmit={(event) => {
        event.preventDefault();
        send(event.currentTarget);
      }}
    >
      {profiles.problem && <Failure problem={profiles.problem} again={profiles.again} />}
      <label>
        {t("model")}
        <select name="profile" required>
          {fitting.length > 0 && (
            <optgroup label={t("models_fitting")}>
              {fitting.map((profile) => (
                <option key={profile.id} value={profile.id}>{profile.name}</option>
              ))}
            </optgroup>
          )}
          <optgroup label={t("models_other")}>
            {rest.map((profile) => (
              <option key={profile.id} value={profile.id}>{profile.name}</option>
            ))}
          </optgroup>
        </select>
      </label>
      <label>
        {t("place")}
        <select name="region" required>
          {places.map((place) => (
            <option key={place.code} value={short(place)}>{nameOf(place)}</option>
          ))}
        </select>
      </label>
      <label>
        {t("name")}
        <input name="name" maxLength={200} />
      </label>
      <button type="submit" disabled={busy || known.length === 0}>
        {t("adopt")}
      </button>
      {problem && <Failure problem={problem} again={() => setProblem(undefined)} />}
    </form>
  );
}

/** What became of what the device had sent before. */
function Replayed({ id }: { id: string }) {
  const loaded = useLoad(`replay ${id}`, (signal) => ask<Replays>(`/devices/${encodeURIComponent(id)}/replay`, {}, signal));
  const waiting = loaded.data?.waiting ?? 0;
  useEffect(() => {
    if (waiting === 0) return undefined;
    const timer = setTimeout(loaded.again, POLL_MS);
    return () => clearTimeout(timer);
  }, [loaded.data]);
  return (
    <p class="adopted" role="status" data-adopted={id}>
      <a href={`#/device/${encodeURIComponent(id)}`}>{id}</a>{" "}
      {loaded.data ? t("adopted", { n: loaded.data.stored, m: loaded.data.refused, k: waiting }) : t("loading")}
    </p>
  );
}

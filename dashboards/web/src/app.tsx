// The frame: where one is, in which language and light, and whether new readings come in.

import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { ask, type Metric, type Region } from "./api";
import { LiveLink, useFeed } from "./feed";
import { Overview } from "./overview";
import { later, Shown, useLoad } from "./parts";
import { currentLanguage, type Language, LANGUAGES, speak, t } from "./texts";
import { nameOf, short } from "./words";

/** What every view knows: the places and the catalogue. */
export interface House {
  regions: Map<string, Region>;
  metrics: Map<string, Metric>;
}

const Village = later("village", () => import("./village").then((all) => all.Village));
const DevicesView = later("devices", () => import("./devices").then((all) => all.DevicesView));
const DeviceView = later("device", () => import("./devices").then((all) => all.DeviceView));
const QuarantineView = later("quarantine", () => import("./quarantine").then((all) => all.QuarantineView));

const Known = createContext<House>({ regions: new Map(), metrics: new Map() });
export const useHouse = () => useContext(Known);

function useHash(): string[] {
  const read = () => location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  const [path, setPath] = useState(read);
  useEffect(() => {
    const follow = () => {
      setPath(read());
      window.scrollTo({ top: 0, behavior: "instant" });
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return path;
}

async function house(signal: AbortSignal): Promise<House> {
  const [places, catalogue] = await Promise.all([
    ask<{ regions: Region[] }>("/regions", {}, signal),
    ask<{ metrics: Metric[] }>("/metrics", {}, signal),
  ]);
  return {
    regions: new Map(places.regions.map((region) => [region.code, region])),
    metrics: new Map(catalogue.metrics.map((metric) => [metric.id, metric])),
  };
}

function kept(name: string): string | null {
  return localStorage.getItem(`rurban-${name}`);
}

function firstLanguage(): Language {
  const wanted = kept("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
  return LANGUAGES.find((one) => one === wanted) ?? "en";
}

export function App() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  if (currentLanguage() !== language || document.documentElement.lang === "") speak(language);
  document.title = `Rurban · ${t("title")}`;
  const path = useHash();
  const known = useLoad("house", house);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>
        {t("skip")}
      </a>
      <Shown of={known} rows={8}>
        {(data) => <Inside known={data} path={path} language={language} change={setLanguage} />}
      </Shown>
    </>
  );
}

/** The county with the most devices: where somebody who names no place wants to begin. */
function first(regions: Iterable<Region>): Region | undefined {
  return [...regions].filter((region) => region.level === "county").sort((a, b) => b.devices - a.devices)[0];
}

function scopeOf(known: House, path: string[]): Region | undefined {
  const named = path[1] ? known.regions.get(path[1].padEnd(12, "0")) : undefined;
  if (path[0] !== "village") return named ?? first(known.regions.values());
  let found = named;
  while (found && found.level !== "county" && found.parent) found = known.regions.get(found.parent);
  return found ?? first(known.regions.values());
}

function Inside(props: { known: House; path: string[]; language: Language; change: (to: Language) => void }) {
  const { known, path } = props;
  const scope = scopeOf(known, path);
  const feed = useFeed(scope ? short(scope) : "", (metric) => known.metrics.get(metric)?.domain !== "benchmark");
  const view = useMemo(() => path, [path.join("/")]);
  return (
    <Known.Provider value={known}>
      <Top {...props} scope={scope} link={<LiveLink feed={feed} />} />
      <main id="main" tabIndex={-1}>
        {view[0] === "village" && view[1] ? (
          <Village code={view[1]} rest={view.slice(2)} feed={feed} />
        ) : view[0] === "device" && view[1] ? (
          <DeviceView id={decodeURIComponent(view[1])} />
        ) : view[0] === "devices" ? (
          <DevicesView region={scope ? short(scope) : undefined} />
        ) : view[0] === "quarantine" ? (
          <QuarantineView />
        ) : (
          <Overview scope={scope} feed={feed} />
        )}
      </main>
    </Known.Provider>
  );
}

function Top(props: {
  known: House;
  path: string[];
  language: Language;
  change: (to: Language) => void;
  scope: Region | undefined;
  link: preact.ComponentChildren;
}) {
  const { known, path, scope } = props;
  const code = scope ? short(scope) : "";
  const choices = [...known.regions.values()].filter((one) => one.devices > 0 && one.level !== "village" && one.level !== "town");
  const at = path[0] ?? "county";
  return (
    <header class="top">
      <a class="brand" href="#/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M3 21c5-7 10-7 13-2s8 5 13-4M3 13c5-7 10-7 13-2s8 5 13-4" />
        </svg>
        Rurban
      </a>
      <nav aria-label="Rurban">
        <a href={`#/county/${code}`} aria-current={at === "county" ? "page" : undefined}>{t("overview")}</a>
        <a href={`#/devices/${code}`} aria-current={at === "devices" || at === "device" ? "page" : undefined}>{t("devices")}</a>
        <a href="#/quarantine" aria-current={at === "quarantine" ? "page" : undefined}>{t("quarantine")}</a>
        <a href="/docs">{t("api")}</a>
      </nav>
      <div class="tools">
        {props.link}
        <select
          aria-label={t("place")}
          value={code}
          onChange={(event) => {
            location.hash = `#/${at === "devices" ? "devices" : "county"}/${event.currentTarget.value}`;
          }}
        >
          {choices.map((one) => (
            <option key={one.code} value={short(one)}>{nameOf(one)}</option>
          ))}
        </select>
        <button
          type="button"
          lang={props.language === "zh" ? "en" : "zh-CN"}
          onClick={() => {
            const next = props.language === "zh" ? "en" : "zh";
            localStorage.setItem("rurban-language", next);
            props.change(next);
          }}
        >
          {t("language")}
        </button>
        <Light />
      </div>
    </header>
  );
}

function Light() {
  const [light, setLight] = useState(kept("light"));
  useEffect(() => {
    if (light !== null) document.documentElement.dataset["light"] = light;
  }, [light]);
  const dark = light === null ? matchMedia("(prefers-color-scheme: dark)").matches : light === "dark";
  return (
    <button
      type="button"
      class="light"
      aria-label={t("theme")}
      aria-pressed={dark}
      onClick={() => {
        const next = dark ? "light" : "dark";
        localStorage.setItem("rurban-light", next);
        setLight(next);
      }}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="10" cy="10" r="7" />
        <path d="M10 3a7 7 0 0 1 0 14z" />
      </svg>
    </button>
  );
}

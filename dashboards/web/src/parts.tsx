// What every view is made of: what is being loaded, what failed, what is empty, and small drawings.

import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, useToken } from "./api";
import { t } from "./texts";

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  again: () => void;
}

/** Asks when `key` changes and when told to; what was there stays until the new answer has come. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem?: Problem }>({ key });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const ended = new AbortController();
    load(ended.signal).then(
      (data) => !ended.signal.aborted && setState({ key, data }),
      (error: unknown) => {
        if (ended.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        setState((before) => (before.key === key ? { ...before, problem: error } : { key, problem: error }));
      },
    );
    return () => ended.abort();
  }, [key, turn]);
  const own = state.key === key ? state : undefined;
  return { data: own?.data, problem: own?.problem, again: () => setTurn((n) => n + 1) };
}

/** What is fetched when it is first needed; that it does not come is a failure like any other, with a retry. */
export function fetched<T>(load: () => Promise<T>): () => Promise<T> {
  return () =>
    load().catch(() => {
      throw new Problem(0, "");
    });
}

/** A view that is fetched when somebody first goes there, so that the first view does not wait for the others. */
export function later<P extends object>(name: string, load: () => Promise<ComponentType<P>>): ComponentType<P> {
  return function Later(props: P) {
    const loaded = useLoad(name, fetched(load));
    return <Shown of={loaded}>{(View) => <View {...props} />}</Shown>;
  };
}

/** The time, told anew every so often. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** What was loaded, or its skeleton, or why it is not there. */
export function Shown<T>(props: {
  of: Loaded<T>;
  rows?: number;
  children: (data: T) => ComponentChildren;
}) {
  const { data, problem, again } = props.of;
  return (
    <>
      {problem && <Failure problem={problem} again={again} />}
      {data !== undefined ? props.children(data) : !problem && <Skeleton rows={props.rows ?? 4} />}
    </>
  );
}

export function Skeleton({ rows }: { rows: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, n) => (
        <span key={n} />
      ))}
    </div>
  );
}

export function Failure({ problem, again }: { problem: Problem; again: () => void }) {
  if (problem.status === 401) return <TokenWanted again={again} />;
  return (
    <div class="failure" role="alert">
      <strong>{t("failed")}</strong>
      <p>{problem.status === 0 ? t("unreachable") : problem.message}</p>
      {problem.allowed && (
        <p>
          {t("allowed")}: {problem.allowed}
        </p>
      )}
      <button type="button" onClick={again}>
        {t("retry")}
      </button>
    </div>
  );
}

function TokenWanted({ again }: { again: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <form
      class="failure"
      onSubmit={(event) => {
        event.preventDefault();
        useToken(field.current?.value ?? "");
        again();
      }}
    >
      <strong>{t("token_wanted")}</strong>
      <label>
        {t("token")} <input ref={field} type="password" autocomplete="current-password" required />
      </label>
      <button type="submit">{t("enter")}</button>
    </form>
  );
}

export function Empty({ what, next }: { what: string; next: string }) {
  return (
    <div class="empty">
      <strong>{what}</strong>
      <p>{next}</p>
    </div>
  );
}

/** A small line without axes; where nothing was measured it is interrupted. Bars for amounts. */
export function Spark({ values, bars }: { values: (number | null)[]; bars?: boolean }) {
  const known = values.filter((value) => value !== null);
  const low = bars ? Math.min(0, ...known) : Math.min(...known);
  const high = Math.max(...known);
  if (known.length === 0) return <svg class="spark" aria-hidden="true" viewBox="0 0 100 24" />;
  const x = (index: number) => (100 * (index + 0.5)) / values.length;
  const y = (value: number) => (high === low ? 12 : 22 - (20 * (value - low)) / (high - low));
  const width = Math.max(0.8, 70 / values.length);
  let pen = "M";
  const path = values
    .map((value, index) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const step = `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      // A lone value between gaps is a dot.
      return (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null ? `${step}h0.1` : step;
    })
    .join("");
  return (
    <svg class="spark" aria-hidden="true" viewBox="0 0 100 24" preserveAspectRatio="none">
      {bars ? (
        values.map((value, index) =>
          value === null || value === 0 ? null : (
            <rect
              key={index}
              x={x(index) - width / 2}
              y={high === 0 ? 22 : 22 - (20 * value) / high}
              width={width}
              height={high === 0 ? 0 : Math.max(0.5, (20 * value) / high)}
            />
          ),
        )
      ) : (
        <path d={path} />
      )}
    </svg>
  );
}

export function Badge({ state, children }: { state: string; children: ComponentChildren }) {
  return (
    <span class={`badge ${state}`}>
      <i aria-hidden="true" />
      {children}
    </span>
  );
}

// New readings as they are stored: one stream, taken up again after its last event when it breaks.

import { headers, type Reading } from "./api";

export type Link = "connecting" | "live" | "lost";

interface Listener {
  readings(found: Reading[]): void;
  /** What was missed cannot be replayed: everything shown must be asked anew. */
  reset(): void;
  link(now: Link): void;
}

const WAITS_MS = [500, 1000, 2000, 5000, 10_000];
/** The API sends at least a comment every 15 s: a stream that is silent for longer is dead. */
const SILENT_MS = 40_000;

/** Listens until the function that it gives is called. */
export function listen(path: string, listener: Listener): () => void {
  const ended = new AbortController();
  void follow(path, listener, ended.signal);
  return () => ended.abort();
}

async function follow(path: string, listener: Listener, ended: AbortSignal): Promise<void> {
  let last: string | null = null;
  let failures = 0;
  const take = (block: string) => {
    const event = parsed(block);
    if (event.id !== null) last = event.id;
    failures = 0;
    if (event.name === "reset") listener.reset();
    return event.name === "reading" && event.data ? [JSON.parse(event.data) as Reading] : [];
  };
  listener.link("connecting");
  while (!ended.aborted) {
    const stale = new AbortController();
    try {
      await read(path, last, AbortSignal.any([ended, stale.signal]), () => stale.abort(), listener, take);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    if (ended.aborted) return;
    listener.link("lost");
    await pause(WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 0, ended);
    failures += 1;
  }
}

async function read(
  path: string,
  last: string | null,
  signal: AbortSignal,
  giveUp: () => void,
  listener: Listener,
  take: (block: string) => Reading[],
): Promise<void> {
  const more: Record<string, string> = last === null ? {} : { "Last-Event-ID": last };
  const found = await fetch(path, { headers: { ...headers(), ...more }, signal, cache: "no-store" });
  if (!found.ok || found.body === null) return;
  const reader = found.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let alarm = setTimeout(giveUp, SILENT_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(alarm);
      alarm = setTimeout(giveUp, SILENT_MS);
      listener.link("live");
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop() ?? "";
      const readings = blocks.flatMap(take);
      if (readings.length > 0) listener.readings(readings);
    }
  } finally {
    clearTimeout(alarm);
  }
}

function parsed(block: string): { id: string | null; name: string; data: string } {
  const event = { id: null as string | null, name: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) event.id = line.slice(4);
    else if (line.startsWith("event: ")) event.name = line.slice(7);
    else if (line.startsWith("data: ")) event.data += line.slice(6);
  }
  return event;
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((go) => {
    const timer = setTimeout(go, ms);
    ended.addEventListener("abort", () => {
      clearTimeout(timer);
      go();
    });
  });
}

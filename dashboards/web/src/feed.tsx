// The live stream of the place that is looked at, as views use it.

import { useEffect, useRef, useState } from "preact/hooks";
import { address, type Reading } from "./api";
import { type Link, listen } from "./live";
import { Badge } from "./parts";
import { t } from "./texts";

export interface Feed {
  link: Link;
  /** The newest reading of each place. */
  places: Map<string, Reading>;
  /** The newest reading of each series and metric, by `<device> <metric>`. */
  series: Map<string, Reading>;
  /** Counts what makes everything shown worth asking anew: a stream that could not be taken up where it broke. */
  resets: number;
}

/** Readings that come at once are drawn at once. */
const TOGETHER_MS = 150;

/** `measured` tells what a place's devices say from what the house says of the place. */
export function useFeed(region: string, measured: (metric: string) => boolean): Feed {
  const [feed, setFeed] = useState<Feed>({ link: "connecting", places: new Map(), series: new Map(), resets: 0 });
  const coming = useRef<Reading[]>([]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      const found = coming.current.splice(0);
      setFeed((before) => {
        const places = new Map(before.places);
        const series = new Map(before.series);
        for (const reading of found) {
          // Of one message the first stands for all: what a station is for comes before its battery.
          if (measured(reading.metric) && places.get(reading.region)?.received_at !== reading.received_at) places.set(reading.region, reading);
          series.set(`${reading.device} ${reading.metric}`, reading);
        }
        return { ...before, places, series };
      });
    };
    const end = listen(address("/live", { region: region || undefined }), {
      readings(found) {
        coming.current.push(...found);
        timer ??= setTimeout(draw, TOGETHER_MS);
      },
      reset: () => setFeed((before) => ({ ...before, resets: before.resets + 1 })),
      link: (link) => setFeed((before) => (before.link === link ? before : { ...before, link })),
    });
    return () => {
      end();
      clearTimeout(timer);
      coming.current = [];
    };
  }, [region]);
  return feed;
}

export function LiveLink({ feed }: { feed: Feed }) {
  return (
    <span class="link" role="status">
      <Badge state={feed.link}>{t(feed.link)}</Badge>
    </span>
  );
}

// The places of a region as areas and markers, drawn from their positions alone: no tiles, nothing from elsewhere.

import { Delaunay } from "d3-delaunay";
import { useMemo } from "preact/hooks";
import type { Attention } from "./attention";
import { t } from "./texts";
import { nameOf, short } from "./words";

const WIDTH = 560;
const HEIGHT = 420;
const EDGE = 52;
/** How far an area reaches from its place. */
const REACH = 46;
const LETTER = 6.6;
const LINE = 14;

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}
interface Label {
  x: number;
  y: number;
  anchor: "start" | "middle" | "end";
}
interface Drawn {
  of: Attention;
  name: string;
  x: number;
  y: number;
  area: string;
  label: Label | null;
}

function drawn(found: Attention[]): Drawn[] {
  const there = found.filter(({ place }) => place.latitude !== null && place.longitude !== null);
  if (there.length === 0) return [];
  const points = laidOut(there.map(({ place }) => [place.longitude ?? 0, place.latitude ?? 0]));
  const cells = Delaunay.from(points).voronoi([0, 0, WIDTH, HEIGHT]);
  const taken: Box[] = points.map(([x, y]) => ({ left: x - 7, top: y - 7, right: x + 7, bottom: y + 7 }));
  return there.map((of, index) => {
    const [x, y] = points[index] ?? [0, 0];
    const name = plain(nameOf(of.place));
    return { of, name, x, y, area: cells.renderCell(index) ?? "", label: label(x, y, name, taken) };
  });
}

/** Positions on the sheet, north up, as large as they fit. */
function laidOut(places: [number, number][]): [number, number][] {
  const middle = places.reduce((sum, [, latitude]) => sum + latitude, 0) / places.length;
  const flat = places.map(([longitude, latitude]) => [longitude * Math.cos((middle * Math.PI) / 180), -latitude] as const);
  const [left, right] = [Math.min(...flat.map(([x]) => x)), Math.max(...flat.map(([x]) => x))];
  const [top, bottom] = [Math.min(...flat.map(([, y]) => y)), Math.max(...flat.map(([, y]) => y))];
  const scale = Math.min((WIDTH - 2 * EDGE) / Math.max(right - left, 0.02), (HEIGHT - 2 * EDGE) / Math.max(bottom - top, 0.02));
  return flat.map(([x, y]) => [WIDTH / 2 + scale * (x - (left + right) / 2), HEIGHT / 2 + scale * (y - (top + bottom) / 2)]);
}

/** Where a name lies over nothing else; nowhere, when there is no such place: the list beside the map has it. */
function label(x: number, y: number, name: string, taken: Box[]): Label | null {
  const width = [...name].reduce((sum, letter) => sum + (letter > "\u2e80" ? 2 * LETTER : LETTER), 0);
  const choices: [Label, number][] = [
    [{ x, y: y - 12, anchor: "middle" }, x - width / 2],
    [{ x: x + 11, y: y + 4, anchor: "start" }, x + 11],
    [{ x: x - 11, y: y + 4, anchor: "end" }, x - 11 - width],
    [{ x, y: y + 21, anchor: "middle" }, x - width / 2],
  ];
  for (const [found, left] of choices) {
    const box = { left, top: found.y - LINE + 3, right: left + width, bottom: found.y + 3 };
    const inside = box.left > 0 && box.right < WIDTH && box.top > 0 && box.bottom < HEIGHT;
    if (inside && taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom)) {
      taken.push(box);
      return found;
    }
  }
  return null;
}

function plain(name: string): string {
  return name.replace(/\s*[(（].*$/, "").replace(/ (Village|Community|Sample)\b/g, "");
}

export function PlaceMap({ found, fresh }: { found: Attention[]; fresh: Set<string> }) {
  const places = useMemo(() => drawn(found), [found]);
  return (
    <figure class="map">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={t("map_of", { n: places.length })}>
        <defs>
          <clipPath id="reach">
            {places.map(({ of, x, y }) => (
              <circle key={of.place.code} cx={x} cy={y} r={REACH} />
            ))}
          </clipPath>
        </defs>
        <g clip-path="url(#reach)">
          {places.map(({ of, area }) => (
            <path key={of.place.code} class={`area ${of.state}`} d={area} />
          ))}
        </g>
        {places.map(({ of, name, x, y, label: words }) => (
          <a key={of.place.code} href={`#/village/${short(of.place)}`} aria-label={`${name}: ${t(of.state)}`}>
            {fresh.has(of.place.code) && <circle class="ripple" cx={x} cy={y} r="7" />}
            <circle class={`marker ${of.state}`} cx={x} cy={y} r={of.state === "good" ? 5.5 : 7} />
            {words && (
              <text x={words.x} y={words.y} text-anchor={words.anchor} aria-hidden="true">
                {name}
              </text>
            )}
            <title>{`${name}: ${t(of.state)}`}</title>
          </a>
        ))}
      </svg>
      <figcaption>
        <span class="legend">
          {(["act", "watch", "good", "silent"] as const).map((state) => (
            <span key={state} class={`badge ${state}`}>
              <i aria-hidden="true" />
              {t(state)}
            </span>
          ))}
        </span>
        {t("map_note")}
      </figcaption>
    </figure>
  );
}

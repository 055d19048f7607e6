// The places of a region as areas and markers, drawn from their positions alone; under them map tiles, if the house has any.

import { Delaunay } from "d3-delaunay";
import { useMemo } from "preact/hooks";
import type { Tiles } from "./api";
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
/** Of the world: a village alone is not drawn larger than a few kilometres. */
const LEAST = 0.02 / 360;
const TILE = 256;
const DEEPEST = 18;

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

/** How the world lies under the sheet: sheet = from + scale * world. */
interface Sheet {
  scale: number;
  from: [number, number];
}
interface Drawing {
  places: Drawn[];
  sheet: Sheet;
}

/** Degrees to Web Mercator: the world is a square from 0 to 1, north up. */
function mercator(longitude: number, latitude: number): [number, number] {
  return [longitude / 360 + 0.5, 0.5 - Math.asinh(Math.tan((latitude * Math.PI) / 180)) / (2 * Math.PI)];
}

function drawn(found: Attention[]): Drawing {
  const there = found.filter(({ place }) => place.latitude !== null && place.longitude !== null);
  const world = there.map(({ place }) => mercator(place.longitude ?? 0, place.latitude ?? 0));
  const sheet = fitted(world);
  if (there.length === 0) return { places: [], sheet };
  const points = world.map(([x, y]): [number, number] => [sheet.from[0] + sheet.scale * x, sheet.from[1] + sheet.scale * y]);
  const cells = Delaunay.from(points).voronoi([0, 0, WIDTH, HEIGHT]);
  const taken: Box[] = points.map(([x, y]) => ({ left: x - 7, top: y - 7, right: x + 7, bottom: y + 7 }));
  const places = there.map((of, index) => {
    const [x, y] = points[index] ?? [0, 0];
    const name = plain(nameOf(of.place));
    return { of, name, x, y, area: cells.renderCell(index) ?? "", label: label(x, y, name, taken) };
  });
  return { places, sheet };
}

/** As large as all positions fit, in the middle. */
function fitted(world: [number, number][]): Sheet {
  const span = (values: number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  const [left, right] = span(world.map(([x]) => x));
  const [top, bottom] = span(world.map(([, y]) => y));
  const scale = Math.min((WIDTH - 2 * EDGE) / Math.max(right - left, LEAST), (HEIGHT - 2 * EDGE) / Math.max(bottom - top, LEAST));
  return { scale, from: [WIDTH / 2 - (scale * (left + right)) / 2, HEIGHT / 2 - (scale * (top + bottom)) / 2] };
}

interface TileImage {
  href: string;
  x: number;
  y: number;
  size: number;
}

/** The tiles that the sheet shows, of the zoom whose tiles are nearest to their own size. */
function tilesUnder({ scale, from }: Sheet, address: string): TileImage[] {
  const zoom = Math.max(0, Math.min(DEEPEST, Math.round(Math.log2(scale / TILE))));
  const count = 2 ** zoom;
  const size = scale / count;
  const reach = (start: number, length: number) => {
    const first = Math.max(0, Math.floor(-start / size));
    const last = Math.min(count - 1, Math.floor((length - start) / size));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
  };
  return reach(from[0], WIDTH).flatMap((column) =>
    reach(from[1], HEIGHT).map((row) => ({
      href: address.replace("{z}", String(zoom)).replace("{x}", String(column)).replace("{y}", String(row)),
      x: from[0] + column * size,
      y: from[1] + row * size,
      size,
    })),
  );
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

export function PlaceMap({ found, fresh, tiles }: { found: Attention[]; fresh: Set<string>; tiles: Tiles | null }) {
  const { places, sheet } = useMemo(() => drawn(found), [found]);
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
        {tiles && places.length > 0 && (
          <g class="tiling" aria-hidden="true">
            {tilesUnder(sheet, tiles.address).map((tile) => (
              <image key={tile.href} href={tile.href} x={tile.x} y={tile.y} width={tile.size} height={tile.size} />
            ))}
          </g>
        )}
        <g clip-path="url(#reach)" class={tiles ? "over" : ""}>
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
        {tiles ? <span class="credit">{tiles.credit}</span> : t("map_note")}
      </figcaption>
    </figure>
  );
}

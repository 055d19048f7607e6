// Packs every built file beside itself and holds the sum against what a thin link can bear.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST = 300_000;
const out = process.env.RURBAN_PAGE_OUT ?? "dist";

let sum = 0;
for (const name of readdirSync(out, { recursive: true })) {
  const path = join(out, name);
  if (!statSync(path).isFile() || path.endsWith(".gz")) continue;
  const packed = gzipSync(readFileSync(path), { level: 9 });
  writeFileSync(`${path}.gz`, packed);
  sum += packed.length;
  console.log(`${String(packed.length).padStart(8)}  ${name}`);
}
console.log(`${String(sum).padStart(8)}  in all, of at most ${MOST} bytes gzipped`);
if (sum > MOST) {
  console.error(`The page weighs ${sum} bytes gzipped; at most ${MOST} are allowed.`);
  process.exit(1);
}

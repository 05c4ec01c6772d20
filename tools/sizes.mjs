// Prints what each built part weighs; with --limits, fails where a wasm weighs more than its limit under gzip.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { constants, brotliCompressSync, gzipSync } from "node:zlib";

const KB = 1024;
const parts = {
  worker: { directory: "worker/build", limit: 200 * KB },
  dashboard: { directory: "dist/ui", limit: 160 * KB },
};

const kb = (bytes) => `${(bytes / KB).toFixed(1)} KB`;
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

const strict = process.argv.includes("--limits");
for (const part of process.argv.slice(2).filter((part) => part in parts)) {
  const { directory, limit } = parts[part];
  for (const name of readdirSync(directory).filter((name) => /\.(wasm|js|css)$/.test(name))) {
    const bytes = readFileSync(join(directory, name));
    const gzip = gzipSync(bytes, { level: 9 }).length;
    const limited = name.endsWith(".wasm");
    const aim = limited ? ` (limit ${kb(limit)})` : "";
    console.log(`  ${part}: ${name} ${kb(bytes.length)}, gzip ${kb(gzip)}${aim}, brotli ${kb(brotli(bytes))}`);
    if (strict && limited && gzip > limit) {
      console.error(`lookupd-edge: ${part}: the wasm weighs ${gzip} bytes under gzip, ${gzip - limit} more than its limit.`);
      process.exitCode = 1;
    }
  }
}

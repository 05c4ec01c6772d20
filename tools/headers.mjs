// Trunk's post_build hook: shortens what browsers load, and writes `_headers` beside the dashboard's folder, which Cloudflare applies to static
// assets. It has to be made anew with each build, because Trunk starts the wasm from an inline script, which a strict
// Content-Security-Policy knows by its hash alone.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shrink } from "./shrink.mjs";

const { TRUNK_STAGING_DIR: staging, TRUNK_DIST_DIR: dist, TRUNK_PUBLIC_URL: base } = process.env;
shrink(staging);
const html = readFileSync(join(staging, "index.html"), "utf8");

const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
const hashes = inline.map(([, script]) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);

const policy = [
  "default-src 'none'",
  ["script-src 'self' 'wasm-unsafe-eval'", ...hashes].join(" "),
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const lines = [
  `${base}*`,
  `  Content-Security-Policy: ${policy}`,
  "  X-Content-Type-Options: nosniff",
  "  Referrer-Policy: no-referrer",
];
// Only names with a hash of their content may be kept for ever. Trunk leaves out the hash's leading zeros.
for (const name of readdirSync(staging).filter((name) => /-[0-9a-f]{10,16}(_bg)?\.\w+$/.test(name))) {
  lines.push(`${base}${name}`, "  ! Cache-Control", "  Cache-Control: public, max-age=31536000, immutable");
}
writeFileSync(join(dist, "..", "_headers"), lines.join("\n") + "\n");

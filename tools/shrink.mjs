// Makes what Trunk has put into a folder smaller to load. Its files are named and known by a hash of what is in them.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shortenImports } from "./imports.mjs";
import { orderFunctions } from "./order.mjs";

export function shrink(folder) {
  const stem = readdirSync(folder).find((name) => name.endsWith("_bg.wasm")).replace("_bg.wasm", "");
  const [glueFile, wasmFile] = [`${stem}.js`, `${stem}_bg.wasm`];
  const [glue, wasm] = [glueFile, wasmFile].map((name) => readFileSync(join(folder, name)));
  const short = shortenImports(glue.toString("utf8"), orderFunctions(wasm));
  const [shortGlue, shortWasm] = [Buffer.from(short.glue), short.wasm];

  const named = `${stem.replace(/-[0-9a-f]+$/, "")}-${digest("sha256", shortGlue, shortWasm).toString("hex").slice(0, 16)}`;
  const page = join(folder, "index.html");
  let html = readFileSync(page, "utf8").replaceAll(stem, named);
  for (const [file, before, after] of [[glueFile, glue, shortGlue], [wasmFile, wasm, shortWasm]]) {
    writeFileSync(join(folder, file), after);
    renameSync(join(folder, file), join(folder, file.replace(stem, named)));
    html = html.replaceAll(digest("sha384", before).toString("base64"), digest("sha384", after).toString("base64"));
  }
  writeFileSync(page, html);
}

function digest(algorithm, ...parts) {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

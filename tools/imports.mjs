// Short names for what the wasm imports from its glue. wasm-bindgen gives each a name and a hash of 16 digits, which nobody else
// reads and no level of compression can shorten: 5 KB of what a browser loads.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Shortens them in a folder that Trunk has filled, where files are named and known by a hash of what is in them. */
export function shortenImports(folder) {
  const stem = readdirSync(folder).find((name) => name.endsWith("_bg.wasm")).replace("_bg.wasm", "");
  const [glueFile, wasmFile] = [`${stem}.js`, `${stem}_bg.wasm`];
  const [glue, wasm] = [glueFile, wasmFile].map((name) => readFileSync(join(folder, name)));

  const names = new Map();
  const shortWasm = renameImports(wasm, (name) => {
    names.set(name, `_${names.size.toString(36)}`);
    return names.get(name);
  });
  let found = 0;
  const shortGlue = glue.toString("utf8").replace(/^ +(\w+)(?=: function)/gm, (line, name) => {
    if (!names.has(name)) return line;
    found += 1;
    return names.get(name);
  });
  if (found !== names.size) throw new Error(`the glue has ${found} of the ${names.size} imports`);

  const named = `${stem.replace(/-[0-9a-f]+$/, "")}-${digest("sha256", Buffer.from(shortGlue), shortWasm).toString("hex").slice(0, 16)}`;
  const page = join(folder, "index.html");
  let html = readFileSync(page, "utf8").replaceAll(stem, named);
  for (const [file, before, after] of [[glueFile, glue, Buffer.from(shortGlue)], [wasmFile, wasm, shortWasm]]) {
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

const IMPORTS = 2;
const FUNCTION = 0;

/** The module with other names for the functions that it imports. https://webassembly.github.io/spec/core/binary/modules.html */
function renameImports(wasm, rename) {
  const sections = [wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length; ) {
    const [size, start] = readNumber(wasm, at + 1);
    if (wasm[at] === IMPORTS) {
      const imports = renamed(wasm.subarray(start, start + size), rename);
      sections.push(Buffer.from([IMPORTS]), number(imports.length), imports);
    } else {
      sections.push(wasm.subarray(at, start + size));
    }
    at = start + size;
  }
  return Buffer.concat(sections);
}

function renamed(imports, rename) {
  let [count, at] = readNumber(imports, 0);
  const parts = [number(count)];
  for (; count > 0; count -= 1) {
    const from = at;
    const [, nameAt] = readText(imports, from);
    const [name, kindAt] = readText(imports, nameAt);
    if (imports[kindAt] !== FUNCTION) throw new Error(`${name} is no function`);
    [, at] = readNumber(imports, kindAt + 1);
    const short = Buffer.from(rename(name));
    parts.push(imports.subarray(from, nameAt), number(short.length), short, imports.subarray(kindAt, at));
  }
  return Buffer.concat(parts);
}

/** LEB128, and where it ends. */
function readNumber(bytes, at) {
  let [value, shift] = [0, 0];
  for (; ; shift += 7, at += 1) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return [value, at + 1];
  }
}

function number(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

function readText(bytes, at) {
  const [length, start] = readNumber(bytes, at);
  return [bytes.toString("utf8", start, start + length), start + length];
}

// Short names for what the wasm imports from its glue, and for the closures that it exports to it. wasm-bindgen gives each a name and
// a hash of 16 digits, which nobody else reads and no level of compression can shorten: 5 KB of what a browser loads.
import { number, readNumber, readText, sections, text } from "./leb128.mjs";

/** The glue, and the module that it loads, with short names for what the one gives the other. */
export function shortenImports(glue, wasm) {
  const names = new Map();
  const shortWasm = renameImports(wasm, (name) => {
    names.set(name, `_${names.size.toString(36)}`);
    return names.get(name);
  });
  let found = 0;
  const shortGlue = glue.replace(/^ +(\w+)(?=: function)/gm, (line, name) => {
    if (!names.has(name)) return line;
    found += 1;
    return names.get(name);
  });
  if (found !== names.size) throw new Error(`the glue has ${found} of the ${names.size} imports`);
  return shortenClosures(shortGlue, shortWasm);
}

function shortenClosures(glue, wasm) {
  const names = new Map();
  for (const [name] of glue.matchAll(/(?<=\bwasm\.)wasm_bindgen_\w+/g)) names.set(name, `c${names.size.toString(36)}`);
  return {
    glue: glue.replace(/(?<=\bwasm\.)wasm_bindgen_\w+/g, (name) => names.get(name)),
    wasm: replaceSection(wasm, EXPORTS, (exports) => renamedExports(exports, (name) => names.get(name) ?? name)),
  };
}

const IMPORTS = 2;
const EXPORTS = 7;
const FUNCTION = 0;

/** The module with other names for the functions that it imports. https://webassembly.github.io/spec/core/binary/modules.html */
function renameImports(wasm, rename) {
  return replaceSection(wasm, IMPORTS, (imports) => renamed(imports, rename));
}

function replaceSection(wasm, wanted, replace) {
  const parts = [wasm.subarray(0, 8)];
  for (const { kind, at, start, end } of sections(wasm)) {
    if (kind === wanted) {
      const content = replace(wasm.subarray(start, end));
      parts.push(Buffer.from([kind]), number(content.length), content);
    } else {
      parts.push(wasm.subarray(at, end));
    }
  }
  return Buffer.concat(parts);
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
    parts.push(imports.subarray(from, nameAt), text(rename(name)), imports.subarray(kindAt, at));
  }
  return Buffer.concat(parts);
}

function renamedExports(exports, rename) {
  let [count, at] = readNumber(exports, 0);
  const parts = [number(count)];
  for (; count > 0; count -= 1) {
    const [name, kindAt] = readText(exports, at);
    [, at] = readNumber(exports, kindAt + 1);
    parts.push(text(rename(name)), exports.subarray(kindAt, at));
  }
  return Buffer.concat(parts);
}

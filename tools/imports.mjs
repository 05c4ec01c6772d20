// Short names for what the wasm imports from its glue. wasm-bindgen gives each a name and a hash of 16 digits, which nobody else
// reads and no level of compression can shorten: 5 KB of what a browser loads.
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
  return { glue: shortGlue, wasm: shortWasm };
}

const IMPORTS = 2;
const FUNCTION = 0;

/** The module with other names for the functions that it imports. https://webassembly.github.io/spec/core/binary/modules.html */
function renameImports(wasm, rename) {
  const parts = [wasm.subarray(0, 8)];
  for (const { kind, at, start, end } of sections(wasm)) {
    if (kind === IMPORTS) {
      const imports = renamed(wasm.subarray(start, end), rename);
      parts.push(Buffer.from([IMPORTS]), number(imports.length), imports);
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

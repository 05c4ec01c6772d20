// Numbers and names as WebAssembly writes them. https://webassembly.github.io/spec/core/binary/values.html

/** A number, and where it ends. */
export function readNumber(bytes, at) {
  let [value, shift] = [0, 0];
  for (; ; shift += 7, at += 1) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return [value, at + 1];
  }
}

export function number(value) {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

/** A name, and where it ends. */
export function readText(bytes, at) {
  const [length, start] = readNumber(bytes, at);
  return [bytes.toString("utf8", start, start + length), start + length];
}

export function text(name) {
  return Buffer.concat([number(Buffer.byteLength(name)), Buffer.from(name)]);
}

/** Each section of a module: its kind, where it begins, and where what it holds begins and ends. */
export function* sections(wasm) {
  for (let at = 8; at < wasm.length; ) {
    const [size, start] = readNumber(wasm, at + 1);
    yield { kind: wasm[at], at, start, end: start + size };
    at = start + size;
  }
}

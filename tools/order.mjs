// An order of the wasm's functions in which those that are alike stand near each other: compression sees only the 32 KB before, and
// so finds 2 % more to leave out.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { number, readNumber, sections, text } from "./leb128.mjs";

const IMPORTS = 2;
const CODE = 10;
const FUNCTION_NAMES = 1;

/** The same module with its functions in that order. */
export function orderFunctions(wasm) {
  let [imported, bodies] = [0, []];
  for (const { kind, start, end } of sections(wasm)) {
    // wasm-bindgen's modules import functions alone, which imports.mjs checks.
    if (kind === IMPORTS) [imported] = readNumber(wasm, start);
    if (kind === CODE) bodies = bodiesOf(wasm, start, end);
  }
  return sortedByName(wasm, names(imported, likeAfterLike(bodies)));
}

function bodiesOf(wasm, start, end) {
  const bodies = [];
  for (let [, at] = readNumber(wasm, start); at < end; ) {
    const [size, from] = readNumber(wasm, at);
    at = from + size;
    bodies.push(wasm.subarray(from, at));
  }
  return bodies;
}

/** Bytes in a row that two functions share to count as alike. */
const ROW = 5;
/** What more functions share than this tells none of them apart. */
const COMMON = 60;
/** As far as compression looks back. */
const WINDOW = 32_000;

/** One function after the other: always the one that shares most, for its length, with those that stand in the window. */
function likeAfterLike(bodies) {
  const rows = bodies.map((body) => rowsOf(body));
  const sharing = new Map();
  rows.forEach((some, place) => some.forEach((row) => sharing.set(row, [...(sharing.get(row) ?? []), place])));
  for (const [row, places] of sharing) if (places.length < 2 || places.length > COMMON) sharing.delete(row);

  const shared = new Float64Array(bodies.length);
  const count = (place, sign) => {
    for (const row of rows[place]) {
      const places = sharing.get(row) ?? [];
      for (const other of places) shared[other] += sign / places.length;
    }
  };
  const left = new Set(bodies.keys());
  const [order, window] = [[], []];
  let length = 0;
  for (let next = 0; left.size > 0; next = best(left, shared, bodies)) {
    order.push(next);
    window.push(next);
    left.delete(next);
    count(next, 1);
    length += bodies[next].length;
    while (length > WINDOW && window.length > 1) {
      const oldest = window.shift();
      count(oldest, -1);
      length -= bodies[oldest].length;
    }
  }
  return order;
}

function rowsOf(body) {
  const rows = new Set();
  for (let at = 0; at + ROW <= body.length; at += 1) rows.add(body.toString("latin1", at, at + ROW));
  return rows;
}

function best(left, shared, bodies) {
  let [found, most] = [undefined, -1];
  for (const place of left) {
    const share = shared[place] / bodies[place].length ** 0.6;
    if (share > most) [found, most] = [place, share];
  }
  return found;
}

/** A name section in which the function that is to stand at a place has that place for its name. */
function names(imported, order) {
  const placeOf = new Map(order.map((index, place) => [index, place]));
  const entries = order.map((_, index) => [number(imported + index), text(String(placeOf.get(index)).padStart(6, "0"))]);
  const map = Buffer.concat([number(order.length), ...entries.flat()]);
  const content = Buffer.concat([text("name"), Buffer.from([FUNCTION_NAMES]), number(map.length), map]);
  return Buffer.concat([Buffer.from([0]), number(content.length), content]);
}

/** wasm-opt knows all that refers to a function by its number, and drops the names again. */
function sortedByName(wasm, names) {
  const folder = mkdtempSync(join(tmpdir(), "lookupd-order-"));
  try {
    const [named, sorted] = ["named.wasm", "sorted.wasm"].map((file) => join(folder, file));
    writeFileSync(named, Buffer.concat([wasm, names]));
    const options = ["--reorder-functions-by-name", named, "-o", sorted];
    const { status, stderr, error } = spawnSync(process.env.WASM_OPT_BIN ?? "wasm-opt", options, { encoding: "utf8" });
    if (status !== 0) throw new Error(`wasm-opt can't order the functions: ${error ?? stderr}`);
    return readFileSync(sorted);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// The worker's entry, in front of what worker-build makes of the Rust. Its own entry makes an object and two proxies for each
// request, which takes longer than to answer it (BENCHMARKS.md).
import Built, { Leader } from "./built.js";

export { Leader };

const { fetch } = Built.prototype;
// Where worker-build notes that the wasm trapped: the next `new Built` makes another instance of it.
const state = globalThis.__worker_init_state;

export default {
  fetch(request, env, ctx) {
    if (state.criticalError) return new Built(ctx, env).fetch(request);
    try {
      return fetch.call({ env, ctx }, request);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
      throw error;
    }
  },
};

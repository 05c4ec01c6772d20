// The worker's entry, in front of what worker-build makes of the Rust. Its own entry makes an object and two proxies for each
// request, which takes longer than to answer it (BENCHMARKS.md).
import Built, { Leader as BuiltLeader } from "./built.js";

// The longest message of a stream that core reads (`MAX_MESSAGE_LENGTH`); the runtime takes 32 MiB.
const MAX_MESSAGE_LENGTH = 1 << 20;

export class Leader extends BuiltLeader {
  // Before it is copied into wasm's memory, which never shrinks. One that is empty is refused in the same way.
  webSocketMessage(socket, message) {
    const length = typeof message === "string" ? message.length : message.byteLength;
    return super.webSocketMessage(socket, length > MAX_MESSAGE_LENGTH ? new ArrayBuffer(0) : message);
  }
}

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

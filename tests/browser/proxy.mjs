// What stands between a browser and its server: passes bytes on, and can be told to treat streams badly.
import { createServer, connect } from "node:net";

/** A proxy to a server on this machine. A test must `stop` it. */
export async function startProxy(target) {
  const { port, hostname } = new URL(target);
  const streams = new Set();
  const sockets = new Set();
  const proxy = {
    origin: null,
    /** How many streams were asked for. */
    asked: 0,
    /** Whether streams get through; others do always. */
    passes: true,

    /** Breaks the streams that are there, as a cable does that is pulled. */
    cut() {
      for (const pair of streams) pair.forEach((socket) => socket.destroy());
    },

    /** From now on nothing comes through the streams that are there, and nobody is told. */
    mute() {
      for (const [near, far] of streams) {
        near.unpipe(far);
        far.unpipe(near);
        near.resume();
        far.resume();
      }
    },

    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((near) => {
    sockets.add(near);
    near.on("error", () => near.destroy());
    near.on("close", () => sockets.delete(near));
    // A browser opens a connection of its own for each stream, and asks on it at once.
    near.once("data", (head) => {
      const isStream = /^GET \S*\/v1\/stream/.test(head);
      proxy.asked += isStream ? 1 : 0;
      if (isStream && !proxy.passes) {
        near.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      const far = connect(Number(port), hostname);
      const pair = [near, far];
      far.on("error", () => near.destroy());
      far.on("close", () => (streams.delete(pair), near.destroy()));
      near.on("close", () => far.destroy());
      if (isStream) streams.add(pair);
      far.write(head);
      near.pipe(far);
      far.pipe(near);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.origin = `http://127.0.0.1:${server.address().port}`;
  return proxy;
}

// The worker, as `make dev` runs it, on a port and with a state of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { api } from "./api.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const build = process.env.LOOKUPD_WORKER_BUILD ?? join(root, "worker", "build");
const assets = process.env.LOOKUPD_ASSETS ?? join(root, "dist");

/** Where the dashboard with its page of all components is, once `tools/build.sh gallery` has built it. */
export const gallery = join(root, "target", "gallery");

/** Starts it; `vars` are those of wrangler.toml, and `dashboard` the folder of a built one. A test must `stop` it. */
export async function startWorker(vars = {}, dashboard = assets) {
  const directory = mkdtempSync(join(tmpdir(), "lookupd-browser-"));
  // The project's own deployment, but for what builds it: the tests run what is built.
  const deployment = readFileSync(join(root, "wrangler.toml"), "utf8")
    .replace(/^\[build\]\n(?:[^\[\n].*\n)*/m, "")
    .replace(/^main = .*$/m, `main = ${JSON.stringify(join(build, "index.js"))}`)
    .replace(/^directory = .*$/m, `directory = ${JSON.stringify(dashboard)}`);
  writeFileSync(join(directory, "wrangler.toml"), deployment);

  const worker = {
    origin: null,
    process: null,

    async start(port = 0) {
      const all = { ANONYMOUS: "write", ...vars };
      const args = ["dev", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"];
      args.push("--persist-to", join(directory, "state"), "--show-interactive-dev-session=false");
      for (const [name, value] of Object.entries(all)) args.push("--var", `${name}:${value}`);
      // A process group of its own, so that `kill -9` reaches workerd too, and nothing else.
      this.process = spawn(join(root, "node_modules", ".bin", "wrangler"), args, {
        cwd: directory,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" },
      });
      // However this process ends, the worker ends with it.
      const { pid } = this.process;
      const end = () => process.kill(-pid, "SIGKILL");
      process.on("exit", end);
      this.process.on("exit", () => process.off("exit", end));
      const log = [];
      const ready = new Promise((resolve, reject) => {
        const read = (line) => {
          log.push(line);
          const at = /Ready on (http:\/\/\S+)/.exec(line);
          if (at) resolve(at[1]);
        };
        createInterface({ input: this.process.stdout }).on("line", read);
        createInterface({ input: this.process.stderr }).on("line", read);
        this.process.on("exit", (code) => reject(new Error(`wrangler ended with ${code}:\n${log.join("\n")}`)));
      });
      this.origin = (await ready).replace("localhost", "127.0.0.1");
    },

    /** As a crash does. */
    async kill() {
      const { process: child } = this;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.on("exit", resolve));
      process.kill(-child.pid, "SIGKILL");
      await gone;
    },

    /** On the same port and state. */
    async restart() {
      await this.start(Number(new URL(this.origin).port));
    },

    async stop() {
      await this.kill();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },

    /** One of its clusters: a home of its own. */
    cluster(name) {
      return { origin: `${this.origin}/clusters/${name}`, ...api };
    },

    ...api,
  };
  await worker.start();
  return worker;
}

// The native agent on ports of its own, with the dashboard that it was built with (tools/test.sh builds it).
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { api } from "./api.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const binary = process.env.LOOKUPD_AGENT_BIN ?? join(root, "target", "debug", "lookupd-agent");

/** Starts it. A test must `stop` it. */
export async function startAgent(args = []) {
  const child = spawn(binary, ["--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const end = () => child.kill("SIGKILL");
  process.on("exit", end);
  child.on("exit", () => process.off("exit", end));
  const log = [];
  let tcp;
  const origin = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(line);
      tcp ??= /TCP: listening on (\S+)/.exec(line)?.[1];
      const at = /HTTP: listening on (\S+)/.exec(line);
      if (at) resolve(`http://${at[1]}`);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the agent ended with ${code}:\n${log.join("\n")}`)));
  });
  return {
    origin,
    /** Where nsqds announce themselves. */
    tcp,
    async stop() {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      end();
      await gone;
    },
    ...api,
  };
}

// The real nsqd, on ports and with a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Starts one that announces itself to this lookupd. A test must `stop` it. */
export async function startNsqd(lookupd) {
  const directory = mkdtempSync(join(tmpdir(), "lookupd-nsqd-"));
  const args = ["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0", "-broadcast-address=127.0.0.1", `-data-path=${directory}`, `-lookupd-tcp-address=${lookupd}`];
  const child = spawn(process.env.LOOKUPD_NSQD_BIN, args, { stdio: ["ignore", "ignore", "pipe"] });
  const end = () => child.kill("SIGKILL");
  process.on("exit", end);
  child.on("exit", () => process.off("exit", end));
  const log = [];
  const node = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(line);
      const at = /HTTP: listening on (\S+)/.exec(line);
      if (at) resolve(at[1]);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`nsqd ended with ${code}:\n${log.join("\n")}`)));
  });
  return {
    /** What a lookupd calls it. */
    node,

    async publish(topic, message) {
      const answer = await fetch(`http://${node}/pub?topic=${encodeURIComponent(topic)}`, { method: "POST", body: message });
      if (!answer.ok) throw new Error(`nsqd answers ${answer.status}`);
    },

    /** How many messages wait in a topic; nothing where it doesn't have it. */
    async depth(topic) {
      const { topics } = await (await fetch(`http://${node}/stats?format=json`)).json();
      return topics.find((one) => one.topic_name === topic)?.depth;
    },

    async stop() {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      end();
      await gone;
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

// What is measured: our agent with its dashboard, and the real nsqadmin that asks the same agent.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { startAgent } from "../agent.mjs";

export const TOPICS = 10_000;
export const NODES = 50;

/** The names in order, as both list them. */
export const topicName = (number) => `topic-${String(number).padStart(5, "0")}`;

/** Both, with 10,000 topics of two producers and a channel each, among 50 nodes. To be stopped. */
export async function startHomes() {
  // Nobody sends heartbeats meanwhile.
  const agent = await startAgent(["--inactive-producer-timeout=6h"]);
  const nsqadmin = await startNsqadmin(agent.origin);
  await fill(agent);
  return {
    agent,
    nsqadmin,
    async stop() {
      await nsqadmin.stop();
      await agent.stop();
    },
  };
}

/** Announces them to any home. */
export async function fill(home) {
  const nodes = Array.from({ length: NODES }, (_, place) => ({
    broadcast_address: `10.4.0.${place + 1}`,
    hostname: `nsqd-${place + 1}.prod.internal`,
    tcp_port: 4150,
    http_port: 4151,
    version: "1.3.0",
    topology_zone: `zone-${place % 3}`,
    topics: {},
  }));
  for (let number = 0; number < TOPICS; number += 1) {
    for (const copy of [0, 1]) nodes[(number + copy * 17) % NODES].topics[topicName(number)] = ["archive"];
  }
  for (const node of nodes) await home.post("/register", node);
}

async function startNsqadmin(lookupd) {
  const binary = process.env.LOOKUPD_NSQADMIN_BIN;
  if (!binary) throw new Error("the real nsqadmin is missing (`tools/setup.sh bench` builds it)");
  const args = ["--http-address=127.0.0.1:0", `--lookupd-http-address=${new URL(lookupd).host}`];
  const child = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
  const end = () => child.kill("SIGKILL");
  process.on("exit", end);
  child.on("exit", () => process.off("exit", end));
  let version;
  const origin = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      version ??= /nsqadmin v\S+/.exec(line)?.[0];
      const at = /HTTP: listening on (\S+)/.exec(line);
      if (at) resolve(`http://${at[1]}`);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`nsqadmin ended with ${code}`)));
  });
  return {
    origin,
    version,
    async stop() {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      end();
      await gone;
    },
  };
}

// The HTTP surface that every home serves at its `origin`.

export const api = {
  /** A request of the API; anything but a success is an error. */
  async post(path, body, headers = {}) {
    const answer = await fetch(this.origin + path, { method: "POST", headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  },

  async get(path) {
    const answer = await fetch(this.origin + path);
    return { status: answer.status, body: await answer.json().catch(() => null) };
  },

  /** A producer announces that it serves a topic. */
  register(topic, node = "10.0.0.7:4151", more = {}) {
    const [, address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(node);
    const body = { broadcast_address: address, hostname: "api-1", tcp_port: 4150, http_port: Number(port), version: "1.3.0" };
    const { channel, ...said } = more;
    const query = `topic=${encodeURIComponent(topic)}${channel ? `&channel=${encodeURIComponent(channel)}` : ""}`;
    return this.post(`/register?${query}`, { ...body, ...said });
  },
};

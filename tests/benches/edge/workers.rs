//! The JavaScript workers that ours is measured beside.

use std::fs;

use lookupd_tests::{Bindings, Directory, Edge, Response};

/// One that answers everything with two bytes.
pub(crate) fn empty() -> Edge {
    start("export class Leader {}\nexport default { fetch: () => new Response(\"{}\") };\n")
}

/// One that answers everything with this answer, made ready before.
pub(crate) fn constant(answer: &Response) -> Edge {
    let own = |name: &str| !["content-length", "date", "connection"].contains(&name.to_ascii_lowercase().as_str());
    let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| own(name)).collect();
    let (headers, body) = (serde_json::json!(headers), serde_json::json!(answer.text()));
    start(&format!(
        "export class Leader {{}}
const body = new TextEncoder().encode({body});
const init = {{ headers: new Headers({headers}) }};
export default {{ fetch: () => new Response(body, init) }};
"
    ))
}

/// One whose object writes each request's body as a row.
pub(crate) fn one_row() -> Edge {
    start(
        "export class Leader {
  constructor(ctx) {
    this.sql = ctx.storage.sql;
    this.sql.exec('CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, bytes BLOB)');
  }
  async fetch(request) {
    this.sql.exec('INSERT INTO log (bytes) VALUES (?)', await request.arrayBuffer());
    return new Response('{}');
  }
}
export default {
  fetch: (request, env) => env.LEADER.getByName('default').fetch(request),
};
",
    )
}

fn start(source: &str) -> Edge {
    let directory = Directory::new();
    fs::write(directory.path().join("index.js"), source).expect("the worker is written");
    Edge::start_build(directory.path(), &Bindings::none()).expect("workerd")
}

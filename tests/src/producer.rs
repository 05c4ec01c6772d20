//! What a producer sends about itself.

use serde_json::{Value, json};

/// The JSON that nsqd sends with IDENTIFY, for a producer on `host` with nsqd's own ports.
pub fn identify(host: &str) -> Value {
    json!({
        "broadcast_address": host,
        "hostname": host,
        "http_port": 4151,
        "tcp_port": 4150,
        "version": "1.3.0",
    })
}

/// The same with everything it serves: topics and their channels.
pub fn announcement(host: &str, topics: &[(&str, &[&str])]) -> Value {
    let mut announcement = identify(host);
    announcement["topics"] = topics.iter().map(|(topic, channels)| ((*topic).to_owned(), json!(channels))).collect();
    announcement
}

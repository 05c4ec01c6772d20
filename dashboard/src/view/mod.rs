//! What pages show, computed from the registry: no component, no browser, so all of it is tested natively.

mod attention;
mod completion;
mod events;
mod graph;
mod lookup;
mod node;
mod nodes;
mod order;
mod producers;
mod sheet;
#[cfg(test)]
mod testing;
mod topics;

pub use attention::{Attention, Share, Totals, attention, shares, totals};
pub use completion::{Leaving, StepState, can_complete};
pub use events::{
    EventFilter, EventKind, EventRow, Happening, Named, Told, Tone, Who, event, find_events, write_events,
};
pub use graph::{Graph, GraphFilter, Link, MAX_DRAWN, MAX_LINKS, Wires, graph};
pub use lookup::{Judged, curl, judged, lookup_body, snippets};
pub use node::{ServedTopic, node_detail};
pub use nodes::{NODE_COLUMNS, NodeRow, NodeState, find_nodes, node_rows};
pub use order::{Direction, Order};
pub use producers::{
    Liveness, PRODUCER_COLUMNS, ProducerRow, Tombstone, channel_producer_rows, liveness, producer_rows, sort_producers,
    tombstone,
};
pub use sheet::{Sheet, SheetFormat};
pub use topics::{TOPIC_COLUMNS, TopicRow, TopicState, find_topics, topic_rows};

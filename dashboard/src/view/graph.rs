//! Topics, nodes and zones as a picture: three columns, and wires between them.

use std::fmt::Write;

use lookupd_core::{Lifetimes, Registry, Timestamp};

use super::{Liveness, NodeRow, NodeState, TopicRow, liveness, order::sort_places, topics::contains};

/// How many topics, nodes and zones are drawn at most: nobody can follow more.
pub const MAX_DRAWN: usize = 200;

/// How many wires are drawn between topics and nodes at most.
pub const MAX_LINKS: usize = 1_000;

/// What is to be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphFilter<'a> {
    /// The one topic; empty for any.
    pub topic: &'a str,
    /// The zone of the nodes; empty for any.
    pub zone: &'a str,
    /// What the name of the topic or of the node, or the node's hostname contains, in any case; empty for anything.
    pub search: &'a str,
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Which of all topics, by name.
    pub topics: Vec<usize>,
    /// Which of all nodes, by zone, then by address and port.
    pub nodes: Vec<usize>,
    /// For each of these nodes which of the zones.
    pub zone_of: Vec<usize>,
    /// By name; that of nodes that tell none is empty, and last.
    pub zones: Vec<String>,
    /// Who serves what, by places in the columns; by topic, then by node.
    pub links: Vec<Link>,
    /// How many topics, nodes and links match that aren't drawn.
    pub left_out: [usize; 3],
}

/// A node that serves a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The topic's place.
    pub topic: usize,
    /// The node's place.
    pub node: usize,
    /// How the node stands there.
    pub state: NodeState,
}

/// Draws what matches. Where that is too much, the topics that most nodes serve come first, equals by name, each with its
/// nodes.
pub fn graph(
    registry: &Registry,
    topics: &[TopicRow],
    nodes: &[NodeRow],
    filter: &GraphFilter<'_>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Graph {
    let search = filter.search.trim().to_ascii_lowercase();
    let is_in_zone = |node: &NodeRow| filter.zone.is_empty() || *node.info.topology_zone == *filter.zone;
    let is_sought = |node: &NodeRow| contains(&node.name, &search) || contains(&node.info.hostname, &search);

    // All links that match, and of each topic that matches which of them are its own.
    let mut links: Vec<Link> = Vec::new();
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    let mut matches = vec![false; nodes.len()];
    for (topic, row) in topics.iter().enumerate() {
        let Some(entry) = registry.topic(&row.name) else { continue };
        if !filter.topic.is_empty() && filter.topic != row.name {
            continue;
        }
        let (is_topic_sought, first) = (contains(&row.name, &search), links.len());
        for producer in entry.producers() {
            let Ok(node) = nodes.binary_search_by(|row| row.node.cmp(producer.node())) else { continue };
            if !is_in_zone(&nodes[node]) || !(is_topic_sought || is_sought(&nodes[node])) {
                continue;
            }
            let state = match liveness(producer.silent_since, lifetimes, now) {
                Liveness::Inactive { .. } => NodeState::Inactive,
                _ if producer.is_tombstoned(lifetimes, now) => NodeState::Tombstoned,
                Liveness::Silent { .. } => NodeState::Silent,
                Liveness::Active => NodeState::Active,
            };
            match links[first..].last_mut() {
                // Announced in several ways it is as well as the best of them.
                Some(link) if link.node == node => link.state = best(link.state, state),
                _ => links.push(Link { topic, node, state }),
            }
            matches[node] = true;
        }
        let is_alone = entry.producers().len() == 0 && is_topic_sought && filter.zone.is_empty();
        if links.len() > first || is_alone {
            found.push((topic, first, links.len()));
        }
    }

    let mut order: Vec<usize> = (0..found.len()).collect();
    let size = |place: usize| found[place].2 - found[place].1;
    sort_places(&mut order, &|a, b| size(b).cmp(&size(a)));
    let mut room = Room { drawn: 0, zones: Vec::new(), nodes: vec![false; nodes.len()] };
    let (mut drawn_topics, mut drawn_links) = (vec![false; topics.len()], vec![false; links.len()]);
    let mut link_count = 0;
    for place in order {
        let (topic, first, end) = found[place];
        if room.drawn == MAX_DRAWN {
            break;
        }
        room.drawn += 1;
        drawn_topics[topic] = true;
        for link in first..end {
            if link_count < MAX_LINKS && room.take(links[link].node, nodes) {
                drawn_links[link] = true;
                link_count += 1;
            }
        }
    }
    let mut matching_nodes = 0;
    for (place, node) in nodes.iter().enumerate() {
        let is_alone = node.topics == 0 && filter.topic.is_empty() && is_in_zone(node) && is_sought(node);
        matching_nodes += usize::from(is_alone || matches[place]);
        if is_alone {
            room.take(place, nodes);
        }
    }

    let mut graph = Graph::default();
    graph.topics.extend((0..topics.len()).filter(|topic| drawn_topics[*topic]));
    room.arrange(&mut graph, nodes);
    let place_of = |column: &[usize], which: usize| column.iter().position(|place| *place == which).unwrap_or_default();
    for link in (0..links.len()).filter(|link| drawn_links[*link]).map(|link| links[link]) {
        let (topic, node) = (place_of(&graph.topics, link.topic), place_of(&graph.nodes, link.node));
        graph.links.push(Link { topic, node, ..link });
    }
    let [topics_drawn, nodes_drawn, links_drawn] = [graph.topics.len(), graph.nodes.len(), graph.links.len()];
    graph.left_out = [found.len() - topics_drawn, matching_nodes - nodes_drawn, links.len() - links_drawn];
    graph
}

fn best(one: NodeState, other: NodeState) -> NodeState {
    let order = [NodeState::Active, NodeState::Silent, NodeState::Tombstoned];
    order.into_iter().find(|state| *state == one || *state == other).unwrap_or(NodeState::Inactive)
}

/// What is drawn already, by places among all.
struct Room<'a> {
    drawn: usize,
    zones: Vec<&'a str>,
    nodes: Vec<bool>,
}

impl<'a> Room<'a> {
    /// Whether the node is drawn: already, or from now on.
    fn take(&mut self, place: usize, nodes: &'a [NodeRow]) -> bool {
        if self.nodes[place] {
            return true;
        }
        let zone = &*nodes[place].info.topology_zone;
        let is_new = !self.zones.contains(&zone);
        let drawn = self.drawn + 1 + usize::from(is_new);
        if drawn > MAX_DRAWN {
            return false;
        }
        if is_new {
            self.zones.push(zone);
        }
        (self.drawn, self.nodes[place]) = (drawn, true);
        true
    }

    /// Nodes of a zone stand together, so that the wires between the two don't cross.
    fn arrange(&self, graph: &mut Graph, nodes: &[NodeRow]) {
        let mut order: Vec<usize> = (0..self.zones.len()).collect();
        let key = |zone: usize| (self.zones[zone].is_empty(), self.zones[zone]);
        sort_places(&mut order, &|a, b| key(a).cmp(&key(b)));
        for zone in order {
            let name = self.zones[zone];
            for place in (0..nodes.len()).filter(|place| self.nodes[*place]) {
                if *nodes[place].info.topology_zone == *name {
                    graph.nodes.push(place);
                    graph.zone_of.push(graph.zones.len());
                }
            }
            graph.zones.push(name.to_owned());
        }
    }
}

/// Some of a picture's wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wires {
    /// Those of links in this state.
    Links(NodeState),
    /// All between nodes and zones.
    Zones,
    /// Those of the topic at this place.
    Topic(usize),
    /// Those of the node at this place.
    Node(usize),
    /// Those of the zone at this place.
    Zone(usize),
}

impl Graph {
    /// Wires as an SVG path, on 100 by 10,000. Each column spreads evenly over the whole height; from left to right they take
    /// 32, 32 and 14 of the width, with 12 and 10 between them.
    pub fn path(&self, which: Wires) -> String {
        let (topics, nodes, zones) = (self.topics.len(), self.nodes.len(), self.zones.len());
        let mut path = String::new();
        for Link { topic, node, state } in &self.links {
            if which == Wires::Links(*state) || which == Wires::Topic(*topic) || which == Wires::Node(*node) {
                wire(&mut path, [32, 38, 44], (*topic, topics), (*node, nodes));
            }
        }
        for (node, zone) in self.zone_of.iter().enumerate() {
            if which == Wires::Zones || which == Wires::Node(node) || which == Wires::Zone(*zone) {
                wire(&mut path, [76, 81, 86], (node, nodes), (*zone, zones));
            }
        }
        path
    }

    /// The rows of the table that says the same: each link, each topic that nobody serves, each node that serves none.
    pub fn rows(&self) -> Vec<(Option<usize>, Option<usize>, Option<NodeState>)> {
        let mut rows = Vec::new();
        for topic in 0..self.topics.len() {
            let first = rows.len();
            for link in self.links.iter().filter(|link| link.topic == topic) {
                rows.push((Some(topic), Some(link.node), Some(link.state)));
            }
            if rows.len() == first {
                rows.push((Some(topic), None, None));
            }
        }
        for node in (0..self.nodes.len()).filter(|node| self.links.iter().all(|link| link.node != *node)) {
            rows.push((None, Some(node), None));
        }
        rows
    }
}

/// From one place in a column of so many to one in the next.
fn wire(path: &mut String, [from, middle, to]: [usize; 3], start: (usize, usize), end: (usize, usize)) {
    let height = |(place, count): (usize, usize)| (2 * place + 1) * 5_000 / count;
    let (start, end) = (height(start), height(end));
    // Writing to a String can't fail.
    let _ = write!(path, "M{from} {start}C{middle} {start} {middle} {end} {to} {end}");
}

#[cfg(test)]
mod tests {
    use lookupd_core::{Command, ProducerInfo, TopicName, Via};

    use super::*;
    use crate::view::{
        node_rows,
        testing::{Fixture, at, info, topic},
        topic_rows,
    };

    fn draw(fixture: &Fixture, filter: &GraphFilter<'_>) -> (Graph, Vec<TopicRow>, Vec<NodeRow>) {
        fixture.read(100, |registry, lifetimes, now| {
            let topics = topic_rows(registry, lifetimes, now);
            let nodes = node_rows(registry, lifetimes, now);
            (graph(registry, &topics, &nodes, filter, lifetimes, now), topics, nodes)
        })
    }

    /// Each row of the table as `topic node state`.
    fn said(fixture: &Fixture, filter: &GraphFilter<'_>) -> Vec<String> {
        let (graph, topics, nodes) = draw(fixture, filter);
        let rows = graph.rows().into_iter().map(|(topic, node, state)| {
            let topic = topic.map_or("-", |topic| &topics[graph.topics[topic]].name);
            let node = node.map_or("-", |node| &nodes[graph.nodes[node]].name);
            format!("{topic} {node} {}", state.map_or("-", NodeState::key))
        });
        rows.collect()
    }

    fn in_zone(fixture: Fixture, node: &str, zone: &str, topics: Vec<TopicName>) -> Fixture {
        let topics = topics.into_iter().map(|topic| (topic, Default::default())).collect();
        let info = ProducerInfo { topology_zone: zone.into(), ..info(node) };
        fixture.command(&Command::Announce { via: Via::Http, info, topics }, at(0))
    }

    fn fixture() -> Fixture {
        let fixture = Fixture::new()
            .serves("a:1", "orders", &[])
            .serves_via("a:1", &Via::Tcp, "orders", &[])
            .serves("b:1", "orders", &[])
            .serves("c:1", "orders", &[])
            .serves("b:1", "payments", &[])
            .topic("idle")
            .silent("a:1", 10)
            .silent("b:1", 20)
            .tombstoned("orders", "c:1", 90);
        let fixture = in_zone(fixture, "d:1", "zone-0", vec![topic("payments")]);
        in_zone(fixture, "e:1", "", vec![])
    }

    #[test]
    fn the_table_says_what_the_picture_shows() {
        let all =
            ["idle - -", "orders a:1 active", "orders b:1 silent", "orders c:1 tombstoned", "payments b:1 silent"];
        let all = [&all[..], &["payments d:1 active", "- e:1 -"]].concat();
        assert_eq!(said(&fixture(), &GraphFilter::default()), all);
        let (graph, ..) = draw(&fixture(), &GraphFilter::default());
        assert_eq!(graph.zones, ["zone-0", "zone-1", ""], "by name, and the one that has none last");
        assert_eq!(graph.zone_of, [0, 1, 1, 1, 2], "nodes of a zone stand together");
        assert_eq!(graph.left_out, [0, 0, 0]);
        let lines = |wires| graph.path(wires).matches('M').count();
        assert_eq!(NodeState::ALL.map(|state| lines(Wires::Links(state))), [2, 2, 0, 1]);
        assert_eq!((lines(Wires::Zones), lines(Wires::Topic(1)), lines(Wires::Zone(1))), (5, 3, 3));
        assert_eq!(lines(Wires::Node(2)), 3, "b:1: two topics and its zone");
    }

    #[test]
    fn what_is_drawn_is_filtered_before() {
        let fixture = fixture();
        let by = |topic, zone, search| said(&fixture, &GraphFilter { topic, zone, search });
        assert_eq!(by("payments", "", ""), ["payments b:1 silent", "payments d:1 active"]);
        assert_eq!(by("", "zone-0", ""), ["payments d:1 active"]);
        assert_eq!(by("", "", " B:1"), ["orders b:1 silent", "payments b:1 silent"]);
        assert_eq!(by("", "", "host-e"), ["- e:1 -"]);
        assert_eq!(by("", "", "dle"), ["idle - -"]);
        assert_eq!(by("orders", "zone-0", ""), [""; 0]);
        assert_eq!(by("ord", "", ""), [""; 0], "a topic is meant in full");
    }

    #[test]
    fn wires_go_from_the_middle_of_one_to_the_middle_of_the_other() {
        let fixture = Fixture::new().serves("a:1", "orders", &[]).serves("b:1", "orders", &[]);
        let (graph, ..) = draw(&fixture, &GraphFilter::default());
        assert_eq!(graph.path(Wires::Node(1)), "M32 5000C38 5000 38 7500 44 7500M76 7500C81 7500 81 5000 86 5000");
    }

    #[test]
    fn at_most_so_many_are_drawn_and_those_with_most_producers_first() {
        let mut fixture = Fixture::new();
        let mut served = vec![topic("zz-popular"), topic("zz-second")];
        for node in 0..3 {
            fixture = in_zone(fixture, &format!("10.0.0.{node}:1"), "", served.clone());
            served.truncate(1);
        }
        let topics: Vec<TopicName> = (0..500).map(|number| topic(&format!("t{number:03}"))).collect();
        fixture = in_zone(fixture, "10.0.1.1:1", "", topics);
        let (graph, topics, nodes) = draw(&fixture, &GraphFilter::default());
        assert_eq!(graph.topics.len() + graph.nodes.len() + graph.zones.len(), MAX_DRAWN);
        assert_eq!(graph.left_out, [502 - graph.topics.len(), 0, 504 - graph.links.len()]);
        assert_eq!((nodes.len(), graph.nodes.len()), (4, 4));
        let names: Vec<&str> = graph.topics.iter().map(|topic| &*topics[*topic].name).collect();
        assert!(names.contains(&"zz-popular") && names.contains(&"t000") && !names.contains(&"t499"));
    }

    #[test]
    fn a_topic_of_very_many_nodes_is_drawn_as_far_as_there_is_room() {
        let mut fixture = Fixture::new();
        for node in 0..300 {
            fixture = in_zone(fixture, &format!("n{node:03}:1"), &format!("z{}", node / 2), vec![topic("orders")]);
        }
        let (graph, ..) = draw(&fixture, &GraphFilter::default());
        assert_eq!((graph.topics.len(), graph.nodes.len(), graph.zones.len()), (1, 132, 66));
        assert_eq!(graph.left_out, [0, 168, 168]);
    }
}

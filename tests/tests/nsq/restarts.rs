//! Who starts first, and who comes back.
//!
//! nsqd notices that its lookupd is gone when a command fails, which is lost; it connects anew with the next one and
//! announces all that it has. A command is a PING every 15 s, or whatever becomes of its topics and channels.

use lookupd_tests::{Directory, Lookupd, Nsq, Nsqd, assert_becomes};

use crate::cluster::{ARGUMENTS, Cluster, Kind, NONE, sorted, with_each_lookupd};

with_each_lookupd! {
    an_nsqd_that_started_first_comes_with_its_next_topic
    an_nsqd_reconnects_to_a_lookupd_that_was_restarted
}

#[test]
fn an_nsqd_that_started_first_comes_by_itself() {
    let Some(mut cluster) = Cluster::start(Kind::Agent) else { return };
    cluster.lookupd.kill9();
    let nsqd = cluster.nsqd();
    cluster.publish(&nsqd, "orders", &["first"]);
    cluster.lookupd.restart();
    // Nothing happens any more but its PING.
    assert_becomes(|| cluster.lookupd.producers("orders"), [nsqd.node()]);
    assert_eq!(cluster.lookupd.nodes(), [nsqd.node()]);
}

fn an_nsqd_that_started_first_comes_with_its_next_topic(cluster: &mut Cluster) {
    cluster.lookupd.kill9();
    let nsqd = cluster.nsqd();
    cluster.publish(&nsqd, "orders", &["first"]);
    cluster.lookupd.restart();
    let tail = cluster.tail("orders", "print");
    tail.asks_again(1);
    cluster.serve(&nsqd, "clicks");
    assert_eq!(tail.messages(1), ["first"]);
    assert_becomes(|| cluster.lookupd.channels("orders"), ["print"]);
    assert_eq!(cluster.lookupd.topics(), ["clicks", "orders"]);
    assert_eq!(cluster.lookupd.nodes(), [nsqd.node()]);
}

fn an_nsqd_reconnects_to_a_lookupd_that_was_restarted(cluster: &mut Cluster) {
    let (a, b) = (cluster.nsqd_with("orders"), cluster.nsqd_with("orders"));
    let tail = cluster.tail("orders", "print");
    assert_eq!(tail.messages(2), ["first", "first"]);
    assert_becomes(|| cluster.lookupd.channels("orders"), ["print"]);

    cluster.lookupd.restart();
    assert_eq!((cluster.lookupd.topics().len(), cluster.lookupd.nodes().len()), (0, 0));
    // Whom a consumer has found it keeps.
    cluster.publish(&a, "orders", &["meanwhile"]);
    assert_eq!(tail.messages(1), ["meanwhile"]);
    for nsqd in [&a, &b] {
        reconnect(&cluster.nsq, nsqd, "once");
    }
    assert_becomes(|| cluster.lookupd.producers("orders"), sorted([a.node(), b.node()]));
    assert_becomes(|| cluster.lookupd.channels("orders"), ["print"]);
    assert_eq!(cluster.lookupd.nodes(), sorted([a.node(), b.node()]));
}

#[test]
fn with_a_data_path_consumers_find_nsqd_before_it_is_back() {
    let directory = Directory::new();
    let Some(nsq) = Nsq::find() else { return };
    let Some(mut lookupd) = durable(&directory) else { return };
    let mut nsqds = [nsq.nsqd(&[lookupd.tcp()]), nsq.nsqd(&[lookupd.tcp()])];
    let nodes = sorted([nsqds[0].node(), nsqds[1].node()]);
    for nsqd in &nsqds {
        nsq.publish(nsqd, "orders", &["first"]);
    }
    assert_becomes(|| lookupd.producers("orders"), &nodes);
    // What was published so far goes to the first channel, and to no later one.
    assert_eq!(nsq.tail(&[lookupd.http()], "orders", "print").messages(2), ["first", "first"]);
    let created = lookupd.client().post("/channel/create?topic=orders&channel=billing");
    assert_eq!(created.status, 200, "{created:?}");

    for life in ["second", "third"] {
        lookupd.restart();
        // Both still take themselves for connected.
        assert_eq!(lookupd.producers("orders"), nodes);
        let tail = nsq.tail(&[lookupd.http()], "orders", life);
        assert_becomes(|| nsqds.each_ref().map(|nsqd| nsqd.consumers("orders", life)), [1, 1]);
        for nsqd in &nsqds {
            nsq.publish(nsqd, "orders", &[life]);
        }
        assert_eq!(tail.messages(2), [life, life]);

        for nsqd in &nsqds {
            reconnect(&nsq, nsqd, life);
        }
        assert_becomes(|| lookupd.producers(&format!("connects-{life}")), &nodes);
        assert_becomes(|| lookupd.channels("orders").contains(&life.to_owned()), true);
        assert!(lookupd.channels("orders").contains(&"billing".to_owned()));
        assert_eq!((lookupd.producers("orders"), lookupd.nodes()), (nodes.to_vec(), nodes.to_vec()));
    }
    // What was taken over from the disk ends with the connection that came back for it.
    nsqds[0].kill9();
    assert_becomes(|| lookupd.nodes(), [nsqds[1].node()]);
}

#[test]
fn with_a_data_path_what_nsqd_deleted_meanwhile_is_gone_with_its_first_ping() {
    let directory = Directory::new();
    let Some(nsq) = Nsq::find() else { return };
    let Some(mut lookupd) = durable(&directory) else { return };
    let nsqd = nsq.nsqd(&[lookupd.tcp()]);
    for topic in ["orders", "clicks"] {
        nsq.publish(&nsqd, topic, &["first"]);
        assert_becomes(|| lookupd.producers(topic), [nsqd.node()]);
    }
    lookupd.kill9();
    assert_eq!(nsqd.client().post("/topic/delete?topic=clicks").status, 200);
    lookupd.restart();
    assert_eq!(lookupd.producers("clicks"), [nsqd.node()]);
    assert_becomes(|| lookupd.producers("clicks"), NONE);
    assert_eq!((lookupd.producers("orders"), lookupd.nodes()), (vec![nsqd.node()], vec![nsqd.node()]));
}

fn durable(directory: &Directory) -> Option<Lookupd> {
    let data_path = format!("--data-path={}", directory.path().display());
    Lookupd::agent(&[ARGUMENTS, &[&data_path]].concat())
}

/// Has an nsqd send two commands: with the first it notices that its lookupd is gone, with the second it connects anew.
fn reconnect(nsq: &Nsq, nsqd: &Nsqd, suffix: &str) {
    nsq.publish(nsqd, &format!("notices-{suffix}"), &["first"]);
    nsq.publish(nsqd, &format!("connects-{suffix}"), &["first"]);
}

//! Producers announce at one agent, consumers find them at another.

use lookupd_tests::{Lookupd, Nsq, assert_becomes};

use crate::scene::{Scene, producers, sorted};

#[test]
fn a_consumer_at_one_agent_finds_the_nsqds_of_another() {
    let Some(scene) = Scene::start() else { return };
    let (Some(here), Some(elsewhere)) = (scene.agent(), scene.agent()) else { return };
    let tail = scene.nsq.tail(&[elsewhere.http()], "orders", "print");
    tail.asks_again(2);
    let (a, b) = (scene.nsq.nsqd(&[here.tcp()]), scene.nsq.nsqd(&[here.tcp()]));
    scene.nsq.publish(&a, "orders", &["a1", "a2"]);
    scene.nsq.publish(&b, "orders", &["b1", "b2"]);
    assert_eq!(tail.messages(4), ["a1", "a2", "b1", "b2"]);

    let both = sorted([a.node(), b.node()]);
    for client in [here.client(), elsewhere.client(), scene.edge.client()] {
        assert_becomes(|| producers(client, "orders"), both.clone());
        assert_becomes(|| client.get("/channels?topic=orders").text(), "{\"channels\":[\"print\"]}");
    }
    tail.stop();
    let mut b = b;
    b.kill9();
    assert_becomes(|| elsewhere.producers("orders"), [a.node()]);
}

#[test]
fn an_agent_follows_an_agent() {
    let Some(nsq) = Nsq::find() else { return };
    let Some(leader) = Lookupd::agent(&["-inactive-producer-timeout=40s"]) else { return };
    let Some(follower) = Lookupd::agent(&["-upstream", &format!("http://{}", leader.http())]) else { return };
    let (a, b) = (nsq.nsqd(&[leader.tcp()]), nsq.nsqd(&[follower.tcp()]));
    nsq.publish(&a, "orders", &["a1"]);
    nsq.publish(&b, "orders", &["b1"]);
    let both = sorted([a.node(), b.node()]);
    for agent in [&leader, &follower] {
        assert_becomes(|| agent.producers("orders"), both.clone());
    }
    let tail = nsq.tail(&[follower.http()], "orders", "print");
    assert_eq!(tail.messages(2), ["a1", "b1"]);
    assert_becomes(|| leader.channels("orders"), ["print"]);
}

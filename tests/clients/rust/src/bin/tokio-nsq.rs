//! Consumes with tokio-nsq, which asks nsqlookupd where: tokio-nsq LOOKUPD TOPIC CHANNEL COUNT.

use std::{collections::HashSet, env, time::Duration};

use log::LevelFilter;
use tokio_nsq::{NSQChannel, NSQConsumerConfig, NSQConsumerConfigSources, NSQConsumerLookupConfig, NSQTopic};

#[tokio::main]
async fn main() {
    env_logger::builder().filter_level(LevelFilter::Info).init();
    let [lookupd, topic, channel, count] =
        <[String; 4]>::try_from(env::args().skip(1).collect::<Vec<_>>()).expect("LOOKUPD TOPIC CHANNEL COUNT");
    let topic = NSQTopic::new(topic).expect("a topic's name");
    let channel = NSQChannel::new(channel).expect("a channel's name");
    let lookup = NSQConsumerLookupConfig::new()
        .set_addresses(HashSet::from([lookupd]))
        .set_poll_interval(Duration::from_secs(1));
    let mut consumer = NSQConsumerConfig::new(topic, channel)
        .set_max_in_flight(10)
        .set_sources(NSQConsumerConfigSources::Lookup(lookup))
        .build();
    for _ in 0..count.parse::<usize>().expect("a number") {
        let message = consumer.consume_filtered().await.expect("a message");
        println!("{}", String::from_utf8_lossy(&message.body));
        message.finish().await;
    }
}

//! Consumes with nsq-async-rs, which asks nsqlookupd where: nsq-async-rs LOOKUPD TOPIC CHANNEL COUNT.

use std::env;

use async_trait::async_trait;
use log::LevelFilter;
use nsq_async_rs::{Consumer, ConsumerConfig, Handler, protocol::Message};
use tokio::sync::mpsc;

struct Printer {
    printed: mpsc::UnboundedSender<()>,
}

#[async_trait]
impl Handler for Printer {
    async fn handle_message(&self, message: Message) -> nsq_async_rs::Result<()> {
        println!("{}", String::from_utf8_lossy(&message.body));
        message.finish().await?;
        let _ = self.printed.send(());
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    env_logger::builder().filter_level(LevelFilter::Info).init();
    let [lookupd, topic, channel, count] =
        <[String; 4]>::try_from(env::args().skip(1).collect::<Vec<_>>()).expect("LOOKUPD TOPIC CHANNEL COUNT");
    let (printed, mut messages) = mpsc::unbounded_channel();
    let config = ConsumerConfig { max_in_flight: 10, ..ConsumerConfig::default() };
    let consumer = Consumer::new(topic, channel, config, Printer { printed }).expect("valid names");
    consumer.connect_to_nsqlookupd(lookupd).await.expect("nsqlookupd answers");
    for _ in 0..count.parse::<usize>().expect("a number") {
        messages.recv().await.expect("a message");
    }
    consumer.stop().await.expect("the consumer stops");
}

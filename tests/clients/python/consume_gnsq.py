"""Consumes with gnsq, which asks nsqlookupd where: consume_gnsq.py LOOKUPD TOPIC CHANNEL COUNT."""

import sys

import gnsq

lookupd, topic, channel, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
consumer = gnsq.Consumer(
    topic, channel, lookupd_http_addresses=[lookupd], lookupd_poll_interval=1, max_in_flight=10
)


@consumer.on_message.connect
def consume(consumer, message):
    global count
    print(message.body.decode(), flush=True)
    message.finish()
    count -= 1
    if count == 0:
        consumer.close()


consumer.start()

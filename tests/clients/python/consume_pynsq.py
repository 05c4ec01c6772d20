"""Consumes with pynsq, which asks nsqlookupd where: consume_pynsq.py LOOKUPD TOPIC CHANNEL COUNT."""

import sys

import nsq
from tornado.ioloop import IOLoop

lookupd, topic, channel, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def consume(message):
    global count
    print(message.body.decode(), flush=True)
    count -= 1
    if count == 0:
        IOLoop.current().add_callback(IOLoop.current().stop)
    return True


nsq.Reader(
    message_handler=consume,
    lookupd_http_addresses=[lookupd],
    topic=topic,
    channel=channel,
    lookupd_poll_interval=1,
    max_in_flight=10,
)
IOLoop.current().start()

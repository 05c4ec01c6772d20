"""Consumes with ansq, which asks nsqlookupd where: consume_ansq.py LOOKUPD TOPIC CHANNEL COUNT."""

import asyncio
import sys

import ansq


async def consume(lookupd, topic, channel, count):
    reader = await ansq.create_reader(
        topic=topic, channel=channel, lookupd_http_addresses=[lookupd], lookupd_poll_interval=1000
    )
    async for message in reader.messages():
        print(message.body.decode(), flush=True)
        await message.fin()
        count -= 1
        if count == 0:
            break
    await reader.close()


lookupd, topic, channel, count = sys.argv[1:]
asyncio.run(consume(lookupd, topic, channel, int(count)))

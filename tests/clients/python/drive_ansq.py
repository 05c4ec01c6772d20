"""Asks nsqlookupd with ansq's NsqLookupd: drive_ansq.py LOOKUPD.

Each line of the input is one call, a JSON array of the method's name and its arguments. What it gives is printed as a
line of JSON.
"""

import asyncio
import json
import sys

from ansq.http import NsqLookupd
from ansq.http.http_exceptions import NSQHTTPException


async def drive(lookupd):
    client = NsqLookupd.from_address(lookupd)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            answer = await getattr(client, method)(*arguments)
        except NSQHTTPException as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)
    await client.close()


asyncio.run(drive(sys.argv[1]))

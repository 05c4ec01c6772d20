"""Asks nsqlookupd with gnsq's LookupdClient: drive_gnsq.py LOOKUPD.

Each line of the input is one call, a JSON array of the method's name and its arguments. What it gives is printed as a
line of JSON.
"""

import json
import sys

import gnsq

client = gnsq.LookupdClient.from_url(sys.argv[1])
for line in sys.stdin:
    method, *arguments = json.loads(line)
    try:
        answer = getattr(client, method)(*arguments)
    except gnsq.errors.NSQHttpError as error:
        answer = {"error": str(error)}
    if isinstance(answer, bytes):
        answer = answer.decode()
    print(json.dumps(answer), flush=True)

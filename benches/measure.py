#!/usr/bin/env python3
"""Measures a running demo from outside: benches/measure.py http://127.0.0.1:PORT/ [COUNT]

Types COUNT slash commands (1,000 by default) at a steady pace and prints how long the bot took to acknowledge each
envelope (p50, p99, longest), as the workspace's own /sandbox/envelopes timed it, and the memory of demo and bot.
"""
import json
import sys
import time
import urllib.request


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def main():
    page = sys.argv[1].rstrip("/")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    bot = call(f"{page}/sandbox/demo")["bot"]["pid"]
    with open(f"/proc/{bot}/stat", encoding="utf-8") as stat:
        demo = int(stat.read().rsplit(")", 1)[1].split()[1])
    print(f"memory at rest: demo {memory(demo):.0f} MB, bot {memory(bot):.0f} MB, together {memory(demo) + memory(bot):.0f} MB")
    before = len(call(f"{page}/sandbox/envelopes")["envelopes"])
    for _ in range(count):
        call(f"{page}/sandbox/slash", {"user": "U0ANA", "channel": "C0NOC", "command": "/fleet", "text": "help"})
        time.sleep(0.02)
    envelopes = call(f"{page}/sandbox/envelopes")["envelopes"][before:]
    acked = sorted(one["ack_ms"] for one in envelopes if one.get("ack_ms") is not None)
    missing = len(envelopes) - len(acked)
    share = lambda part: acked[min(len(acked) - 1, int(len(acked) * part))]
    print(f"{len(acked)} acknowledged, {missing} not: p50 {share(0.5):.1f} ms, p99 {share(0.99):.1f} ms, longest {acked[-1]:.1f} ms")
    print(f"memory after: demo {memory(demo):.0f} MB, bot {memory(bot):.0f} MB, together {memory(demo) + memory(bot):.0f} MB")


main()

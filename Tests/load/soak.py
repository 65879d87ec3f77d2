#!/usr/bin/env python3
"""Mixed load for a long time, a tenth of the clients leaving in the middle: memory, descriptors and threads.

Usage: soak.py [--seconds N] [--clients N]; the goal is about an hour (--seconds 3600).
"""

import argparse
import http.client
import json
import random
import socket
import threading
import time
from collections import Counter

from measure import Server, descriptors, rss, threads, verdict

#: Share of the time that counts as warm-up.
WARM_UP = 0.25
QUESTIONS = ["What is 47 + 35?", "Tell me a story about a dog.", "What is the capital of France?", "List colours."]


class Client(threading.Thread):
    """Sends requests of all kinds one after the other until told to stop."""

    def __init__(self, port, stop, seed):
        super().__init__(daemon=True)
        self.port, self.stop, self.random = port, stop, random.Random(seed)
        self.done = self.left = 0
        self.unexpected = []

    def run(self):
        while not self.stop.is_set():
            try:
                self.turn()
            except (OSError, http.client.HTTPException) as error:
                self.unexpected.append(repr(error))

    def turn(self):
        kind = self.random.random()
        if kind < 0.1:
            self.leave()
            self.left += 1
        elif kind < 0.5:
            self.ask(self.chat(stream=kind < 0.3), 200)
        elif kind < 0.7:
            self.ask(None, 200, path="/health/live")
        elif kind < 0.8:
            self.ask(None, 200, path="/metrics")
        elif kind < 0.9:
            self.ask(b'{"messages": [', 400)
        else:
            self.ask(None, 404, path="/nowhere")
        self.done += 1

    def chat(self, stream):
        messages = [{"role": "user", "content": self.random.choice(QUESTIONS)}]
        return json.dumps({"messages": messages, "stream": stream, "max_tokens": 32}).encode()

    def ask(self, body, status, path="/v1/chat/completions"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST" if body else "GET", path, body)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        # With the queue full the server says so: that is part of the mix.
        if answer.status not in (status, 429):
            self.unexpected.append(f"{path}: {answer.status}")

    def leave(self):
        """Goes after the first bytes of a stream, half of the times with a reset."""
        body = self.chat(stream=True)
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            connection.recv(100)
            if self.random.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def slope(points):
    """Least squares through (seconds, value): change a second."""
    count = len(points)
    middle, mean = (sum(values) / count for values in zip(*points))
    spread = sum((x - middle) ** 2 for x, _ in points)
    return sum((x - middle) * (y - mean) for x, y in points) / spread


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--clients", type=int, default=12)
    options = parser.parse_args()
    server, stop = Server(), threading.Event()
    pid = server.process.pid
    # What the first requests open is kept.
    first = Client(server.port, stop, options.clients)
    for _ in range(50):
        first.turn()
    time.sleep(3)
    files = descriptors(pid)
    clients = [Client(server.port, stop, seed) for seed in range(options.clients)]
    for client in clients:
        client.start()
    begun, samples = time.monotonic(), []
    while (now := time.monotonic() - begun) < options.seconds:
        if now > WARM_UP * options.seconds:
            samples.append((now, rss(pid), threads(pid)))
        time.sleep(min(5, options.seconds / 100))
    stop.set()
    for client in clients:
        client.join()
    time.sleep(3)
    left = descriptors(pid) - files
    busy = sum(v for name, v in server.metrics().items() if name.startswith("vllm:num_requests_running"))
    code = server.stop()
    growth = slope([(seconds, memory) for seconds, memory, _ in samples]) * 3600 / 1024
    crews = Counter(crew for _, _, crew in samples)
    unexpected = [line for client in clients for line in client.unexpected]
    print(
        f"soak: {options.seconds} s, {sum(c.done for c in clients):,} requests, {sum(c.left for c in clients):,} left"
        f" early, {len(unexpected)} unexpected {unexpected[:3]}; RSS {samples[0][1]:,} to {samples[-1][1]:,} KiB,"
        f" {growth:+.1f} MiB/h (goal 1); threads {dict(sorted(crews.items()))} samples (goal one number);"
        f" {left} descriptors left; {busy:.0f} running; exit {code}"
    )
    verdict(growth <= 1, len(crews) == 1, left <= 0, not unexpected, code == 0)


if __name__ == "__main__":
    main()

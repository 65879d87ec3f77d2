#!/usr/bin/env python3
"""10,000 connections that send one byte of a header a second, opened in a burst; probes of /health/live beside them.

Usage: slow_headers.py [--connections N]
"""

import argparse
import http.client
import multiprocessing
import select
import socket
import time

from measure import Server, allow_descriptors, descriptors, percentile, rss, verdict

#: Ports of one source address to one destination are fewer than 30,000.
PER_ADDRESS = 5_000
HEAD_LIMIT = 10
#: Seconds of probes before the crowd.
ALONE = 5
#: Connections before all others: what the first ones load and allocate stays, however few they are.
WARM_UP = 200
#: Seconds after which freed memory is given back, and some more.
REST = 6
#: The share of what a crowd took that may stay.
KEPT = 0.01


def probe(port, stop, results):
    """Asks on new connections, as monitors do, until told to stop."""
    delays = []
    while not stop.is_set():
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == 200
        connection.close()
        delays.append((begun, time.monotonic() - begun))
        time.sleep(0.02)
    results.put(delays)


class Crowd:
    """Connections by their descriptor, with the moment each was opened and, later, closed by the server."""

    def __init__(self, port):
        self.port = port
        self.poll = select.epoll()
        self.open = {}
        self.ages = []
        self.answers = 0

    def add(self, number):
        connection = socket.socket()
        connection.bind((f"127.0.0.{2 + number // PER_ADDRESS}", 0))
        connection.connect(("127.0.0.1", self.port))
        connection.setblocking(False)
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        self.open[connection.fileno()] = connection, time.monotonic()
        self.poll.register(connection, select.EPOLLIN)

    def drip(self):
        for connection, _ in self.open.values():
            try:
                connection.send(b"x")
            except OSError:
                pass

    def watch(self, until):
        while self.open and (rest := until - time.monotonic()) > 0:
            for descriptor, _ in self.poll.poll(rest):
                connection, opened = self.open[descriptor]
                try:
                    answer = connection.recv(4096)
                except OSError:
                    answer = b""
                self.answers += answer.startswith(b"HTTP/1.1 408 ")
                if not answer:
                    self.ages.append(time.monotonic() - opened)
                    self.poll.unregister(descriptor)
                    del self.open[descriptor]
                    connection.close()


def flood(server, count):
    """All connections from the first to the last close; the crowd, and the most memory seen."""
    crowd = Crowd(server.port)
    most = 0
    for number in range(count):
        crowd.add(number)
    for _ in range(4 * HEAD_LIMIT):
        if not crowd.open:
            break
        most = max(most, rss(server.process.pid))
        crowd.drip()
        crowd.watch(time.monotonic() + 1)
    return crowd, most


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=10_000)
    count = parser.parse_args().connections
    allow_descriptors(count + 2_000)
    server = Server()
    pid = server.process.pid
    cold = rss(pid)
    flood(server, WARM_UP)
    time.sleep(REST)
    base, files = rss(pid), descriptors(pid)
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    prober = multiprocessing.Process(target=probe, args=(server.port, stop, results))
    prober.start()
    # How late probes are without anybody else says what the machine itself is worth now.
    time.sleep(ALONE)
    begun = time.monotonic()
    crowd, most = flood(server, count)
    stop.set()
    probes = results.get()
    prober.join()
    alone = percentile([delay for moment, delay in probes if moment < begun], 99)
    delays = [delay for moment, delay in probes if moment >= begun]
    time.sleep(REST)
    first = rss(pid)
    again, _ = flood(server, count)
    time.sleep(REST)
    after, left = rss(pid), descriptors(pid) - files
    server.stop()
    p99 = percentile(delays, 99)
    print(
        f"slow headers: {count:,} connections, /health/live p99 {p99 * 1e3:.0f} ms of {len(delays)} (goal 100 ms;"
        f" {alone * 1e3:.0f} ms before them);"
        f" closed {len(crowd.ages):,}, {crowd.answers:,} with 408, after {min(crowd.ages):.1f} to"
        f" {max(crowd.ages):.1f} s;"
        f" {(most - base) / count:.1f} KiB each (goal 32); RSS {cold:,} KiB, {base:,} after {WARM_UP} of them,"
        f" {first:,} after all, {after:,} after a second flood (goal {KEPT:.0%} of what they took); {left} descriptors left"
    )
    back = max(first, after) - base <= KEPT * (most - base)
    verdict(p99 <= 0.1, len(crowd.ages) == len(again.ages) == count, (most - base) / count <= 32, back, left <= 0)


if __name__ == "__main__":
    main()

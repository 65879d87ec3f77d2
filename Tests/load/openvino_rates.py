#!/usr/bin/env python3
"""What OpenVINO GenAI's continuous batching makes of a GGUF file, in process: the figures beside ours in README.

Usage: openvino_rates.py MODEL.gguf, in a venv with `pip install openvino-genai`.
"""

import statistics
import sys
import time

import numpy
import openvino
import openvino_genai as genai

PROMPT, STEPS = 128, 24
#: Of `drover bench serve --clients 16 --requests 32 --input-words 100 --output-tokens 64`.
CLIENTS, REQUESTS, INPUT, OUTPUT = 16, 32, 111, 64


class Pipeline:
    def __init__(self, path):
        settings = genai.SchedulerConfig()
        settings.cache_size, settings.max_num_batched_tokens = 4, 4096
        settings.enable_prefix_caching = False
        self.pipeline = genai.ContinuousBatchingPipeline(path, settings, "CPU", {}, {})
        self.random, self.count = numpy.random.default_rng(1), 0

    def add(self, prompt, output):
        """A request for so many tokens behind a prompt of chance."""
        config = genai.GenerationConfig()
        config.max_new_tokens, config.ignore_eos, config.do_sample = output, True, False
        self.count += 1
        tokens = self.random.integers(1000, 100_000, (1, prompt), dtype=numpy.int64)
        return self.pipeline.add_request(self.count, openvino.Tensor(tokens), config)

    def step(self):
        """Seconds that it takes."""
        start = time.monotonic()
        self.pipeline.step()
        return time.monotonic() - start

    def batch(self, size, prompt, output):
        """Seconds of each step until all are done."""
        handles = [self.add(prompt, output) for _ in range(size)]
        times = []
        while self.pipeline.has_non_finished_requests():
            times.append(self.step())
        for handle in handles:
            handle.read_all()
        return times

    def served(self):
        """Generated tokens a second with a new request for each that ends."""
        start, waiting = time.monotonic(), REQUESTS - CLIENTS
        running = [self.add(INPUT, OUTPUT) for _ in range(CLIENTS)]
        while running:
            self.step()
            for handle in list(running):
                if handle.get_status() != genai.GenerationStatus.FINISHED:
                    continue
                running.remove(handle)
                handle.read_all()
                if waiting > 0:
                    waiting -= 1
                    running.append(self.add(INPUT, OUTPUT))
        return REQUESTS * OUTPUT / (time.monotonic() - start)


def main():
    pipeline = Pipeline(sys.argv[1])
    pipeline.batch(1, 32, 4)
    for _ in range(2):
        print(f"prefill 512: {512 / pipeline.batch(1, 512, 2)[0]:.1f} tokens/s", flush=True)
        for size in (1, 4, 8, 16):
            times = pipeline.batch(size, PROMPT, STEPS + 1)[-STEPS:]
            print(f"decode x {size}: {size / statistics.median(times):.1f} tokens/s", flush=True)
        print(f"{CLIENTS} clients: {pipeline.served():.1f} tokens/s", flush=True)


if __name__ == "__main__":
    main()

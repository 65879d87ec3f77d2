#!/usr/bin/env python3
"""What output constraints cost those that have none: 16 requests at once, in turns all free and half with a schema.

Usage: half_constrained.py [--model MODEL.gguf] [--tokens N] [--rounds N] [server option...]

The free ones of both kinds of rounds are the same eight; their token rates are compared. Goal: at most 3 % slower.
"""

import argparse
import concurrent.futures
import json
import statistics
import urllib.request

from measure import Server, verdict

ROWS = 16
#: It has no end within any number of tokens that is asked for, and long and short strings, numbers and choices.
SCHEMA = {
    "type": "array", "minItems": 10_000,
    "items": {
        "type": "object", "additionalProperties": False, "required": ["name", "about", "age", "role"],
        "properties": {
            "name": {"type": "string", "maxLength": 40}, "about": {"type": "string", "maxLength": 400},
            "age": {"type": "integer", "minimum": 0, "maximum": 150}, "role": {"enum": ["admin", "editor", "reader"]},
        },
    },
}


def ask(port, row, tokens, is_constrained):
    """Seconds from the first to the last token as the server has them: a client that reads 16 streams of a small model
    takes cores from it."""
    body = {"prompt": f"Story number {row}:", "max_tokens": tokens, "seed": row, "temperature": 1, "ignore_eos": True}
    if is_constrained:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "people", "schema": SCHEMA}}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        answer = json.load(answer)
    assert answer["usage"]["completion_tokens"] == tokens, answer["usage"]
    return answer["timings"]["predicted_ms"] / 1000


def turn(port, tokens, half):
    """Tokens a second of the first eight rows together."""
    with concurrent.futures.ThreadPoolExecutor(ROWS) as pool:
        asked = [pool.submit(ask, port, row, tokens, half and row >= ROWS // 2) for row in range(ROWS)]
    return tokens / statistics.mean(row.result() for row in asked[:ROWS // 2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    options, more = parser.parse_known_args()
    server = Server(*(["--model", options.model] if options.model else []), *more)
    rates = {False: [], True: []}
    # The first round reads the prompts, compiles the schema and is not counted.
    for number in range(options.rounds + 1):
        for half in (False, True):
            rate = turn(server.port, options.tokens, half)
            if number > 0:
                rates[half].append(rate)
    free, beside = (statistics.median(rates[half]) for half in (False, True))
    slower = statistics.median(1 - b / a for a, b in zip(rates[False], rates[True]))
    print(f"each of 8 free requests: {free:.1f} tokens/s beside 8 free ones, {beside:.1f} beside 8 with a schema: "
          f"{100 * slower:.1f} % slower in the middle one of {options.rounds} rounds")
    assert server.stop() == 0
    verdict(slower <= 0.03)


main()

"""Makes a set of sums by best-of with a verifier, and counts: how many prompts have a right answer among K, and what
pass@K predicts for that from other samples of the same prompts.

    drover serve --config settings.yaml        # which names check_sum.py as the verifier `sum`, see README.md
    python3 arithmetic_set.py --url http://127.0.0.1:8080 --prompts 200 > sums.jsonl

The set comes out as messages, a line each; the counts go to standard error. Standard library only.
"""

import argparse
import json
import math
import random
import sys
import urllib.request

SIZES = [1, 2, 4, 8, 16]


def best_of(url, messages, reference, seed, samples=SIZES[-1], **fields):
    body = {
        "messages": messages, "n": samples, "temperature": 1, "seed": seed, "max_tokens": 40, "reference": reference,
        "scorers": [{"type": "verifier", "name": "sum"}, {"type": "logprob"}], **fields,
    }
    request = urllib.request.Request(url + "/v1/best-of", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def pass_at(k, right, drawn):
    """Chance that one of k samples is right, without bias from `right` of `drawn` (Chen et al. 2021)."""
    return 1 - math.comb(drawn - right, k) / math.comb(drawn, k)


def make(url, prompts, seed=1):
    """The set, and for each K the fraction of prompts solved and the one predicted."""
    rng = random.Random(seed)
    rows, solved, predicted = [], dict.fromkeys(SIZES, 0), dict.fromkeys(SIZES, 0)
    for number in range(prompts):
        one, other = rng.randrange(100), rng.randrange(100)
        # Not the words that the bundled model was trained on: it does not always understand them.
        messages = [{"role": "user", "content": f"{one} {other} sum"}]
        answer = best_of(url, messages, one + other, seed + 2 * number)
        kept = [candidate["kept"] for candidate in answer["candidates"]]
        others = best_of(url, messages, one + other, seed + 2 * number + 1)
        right = sum(candidate["kept"] for candidate in others["candidates"])
        for k in SIZES:
            solved[k] += any(kept[:k]) / prompts
            predicted[k] += pass_at(k, right, len(kept)) / prompts
        if answer["choices"]:
            rows.append({"messages": messages + [answer["choices"][0]["message"]], "sum": one + other})
    return rows, solved, predicted


def is_right(row):
    left, result = row["messages"][-1]["content"].split("=")
    return sum(map(int, left.split("+"))) == int(result) == row["sum"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rows, solved, predicted = make(arguments.url, arguments.prompts, arguments.seed)
    for row in rows:
        print(json.dumps({"messages": row["messages"]}))
    for k in SIZES:
        print(f"K = {k:2}: {solved[k]:.3f} of the prompts solved, pass@K predicts {predicted[k]:.3f}", file=sys.stderr)
    print(f"{sum(map(is_right, rows))} of {len(rows)} kept answers are right", file=sys.stderr)

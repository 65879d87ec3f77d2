"""Measures the bundled model on prompts that are not in its training text.

    python evaluate.py --url http://127.0.0.1:8080        # a running server; standard library only
    python evaluate.py --torch checkpoint.pt              # the Q8_0 weights in PyTorch, no server

Every case uses what words.held_out() and the held-out phrasings keep from training. Prints a table,
writes JSON with --json, and exits with 1 when a threshold is missed.
"""

import argparse
import concurrent.futures
import json
import random
import re
import sys
import urllib.request

import facts
import generate
import stories
import tasks
import toolcalls
from words import CATEGORIES, NUMBER_WORDS

MAX_TOKENS = 256
THRESHOLDS = {"addition": 0.95, "subtraction": 0.95, "tool calls": 0.90}


class Case:
    """One prompt: `right(answer)` judges an answer of the form {text, call, ended}."""

    def __init__(self, suite, messages, right, tools=None, prompt=None):
        self.suite, self.messages, self.right = suite, messages, right
        self.tools, self.prompt = tools, prompt


# --- suites ---------------------------------------------------------------------------------------


def says(expected):
    return lambda answer: answer["text"].strip() == expected


def last_turn(suite, messages, tools=None):
    """The last message is the expected answer, the others are the prompt."""
    return Case(suite, messages[:-1], says(messages[-1]["content"]), tools)


def arithmetic_case(rng, operation):
    """Judged by the last number of the answer."""
    while True:
        found, a, b = tasks.problem(rng, True)
        if found == operation:
            break
    phrases = tasks.ADDITION if operation == "+" else tasks.SUBTRACTION
    text = rng.choice(phrases).format(a=a, b=b)
    result = str(a + b if operation == "+" else a - b)
    right = lambda answer: re.findall(r"-?\d+", answer["text"].split("=")[-1])[-1:] == [result]
    return Case("addition" if operation == "+" else "subtraction", [generate.user(text)], right)


def tool_case(rng):
    tools = toolcalls.toolbox(rng, True)
    messages = generate.tool_call_turns(rng, tools[0], True)
    wanted = messages[1]["tool_calls"][0]["function"]
    right = lambda answer: answer["call"] == {"name": wanted["name"], "arguments": wanted["arguments"]}
    return Case("tool calls", messages[:1], right, toolcalls.definitions(rng, tools))


def tool_report_case(rng):
    tools = toolcalls.toolbox(rng, True)
    messages = generate.tool_call_turns(rng, tools[0], True)
    result, report = toolcalls.tool_result(rng, True)
    messages += [{"role": "tool", "content": result}, generate.assistant(report)]
    return last_turn("tool results", messages, toolcalls.definitions(rng, tools))


def unrelated_case(rng):
    """Tools are there, but the question needs none."""
    question, answer = rng.choice([tasks.arithmetic, facts.fact, tasks.small_talk])(rng, True)
    tools = toolcalls.definitions(rng, toolcalls.toolbox(rng, True))
    return last_turn("no tool needed", generate.turn(question, answer), tools)


def list_case(rng):
    category, count = rng.choice(list(CATEGORIES)), rng.randint(2, 6)
    request = facts.choose_phrase(rng, tasks.LIST_REQUESTS, True).format(n=NUMBER_WORDS[count], c=category)

    def right(answer):
        words = answer["text"].strip().split(", ")
        return len(words) == len(set(words)) == count and set(words) <= set(CATEGORIES[category])
    return Case("lists", [generate.user(request)], right)


def story_case(rng):
    request, _, names = stories.story_request(rng, True)
    right = lambda answer: all(n in answer["text"] for n in names) and len(answer["text"].split()) > 30
    return Case("stories", [generate.user(request)], right)


def completion_case(rng):
    """Without chat template: the text goes on as a story."""
    animal, thing = stories.subjects(rng, True)
    start = " ".join(stories.story(rng, animal, thing).split()[:rng.randint(4, 12)])
    return Case("plain stories", None, lambda answer: len(answer["text"].split()) > 20, prompt=start)


SUITES = [
    (200, lambda rng: arithmetic_case(rng, "+")),
    (200, lambda rng: arithmetic_case(rng, "-")),
    (200, tool_case),
    (60, tool_report_case),
    (60, unrelated_case),
    (150, lambda rng: last_turn("facts", generate.turn(*facts.fact(rng, True)))),
    (100, lambda rng: last_turn("sorting words", generate.turn(*tasks.sort_words(rng, True)))),
    (40, list_case),
    (40, story_case),
    (20, completion_case),
    (40, lambda rng: last_turn("small talk", generate.turn(*tasks.small_talk(rng, True)))),
    (60, lambda rng: last_turn("out of scope", generate.turn(*tasks.out_of_scope(rng, True)))),
    (40, lambda rng: last_turn("repeating", generate.turn(*tasks.repeat(rng, True)))),
    (40, lambda rng: last_turn("follow-ups", generate.follow_up(rng, True))),
    (40, lambda rng: last_turn("remembered names", generate.remembered_name(rng, True))),
    (60, lambda rng: last_turn("system lines", generate.instructed(rng, True))),
]


def all_cases(seed, share):
    rng = random.Random(seed)
    return [make(rng) for count, make in SUITES for _ in range(max(1, int(count * share)))]


# --- answers --------------------------------------------------------------------------------------


def parsed_call(text):
    """The Llama 3.1 form `{"name": ..., "parameters": {...}}` as {name, arguments}, or None."""
    try:
        value = json.loads(text)
        return {"name": value["name"], "arguments": value["parameters"]}
    except (ValueError, KeyError, TypeError):
        return None


class Server:
    def __init__(self, url, model, key):
        self.url, self.model, self.key = url.rstrip("/").removesuffix("/v1"), model, key

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        model = self.model or self.first_model(headers)
        body = {"model": model, "temperature": 0, "max_tokens": MAX_TOKENS} | body
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)["choices"][0]

    def first_model(self, headers):
        with urllib.request.urlopen(urllib.request.Request(self.url + "/v1/models", headers=headers)) as response:
            self.model = json.load(response)["data"][0]["id"]
        return self.model

    def answer(self, case):
        if case.prompt is not None:
            choice = self.post("/v1/completions", {"prompt": case.prompt})
            return {"text": choice["text"], "call": None, "ended": choice["finish_reason"] == "stop"}
        body = {"messages": [openai_message(m) for m in case.messages]}
        if case.tools:
            body["tools"] = case.tools
        choice = self.post("/v1/chat/completions", body)
        text, calls = choice["message"].get("content") or "", choice["message"].get("tool_calls")
        call = parsed_call(text)
        if calls:
            function = calls[0]["function"]
            call = {"name": function["name"], "arguments": json.loads(function["arguments"])}
        return {"text": text, "call": call, "ended": choice["finish_reason"] in ("stop", "tool_calls")}


def openai_message(message):
    """The API wants arguments as a JSON string, and ids that tie a result to its call."""
    if message.get("tool_calls"):
        function = dict(message["tool_calls"][0]["function"])
        function["arguments"] = json.dumps(function["arguments"])
        return {"role": "assistant", "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    if message["role"] == "tool":
        return message | {"tool_call_id": "call_1"}
    return message


class Checkpoint:
    """The weights as the file stores them (Q8_0), run in PyTorch."""

    def __init__(self, path, tokenizer_path):
        import torch
        from export import dequantized, load_model
        from tokenizer import EOS, EOT, Tokenizer

        torch.set_num_threads(1)
        self.model, self.tokenizer = dequantized(load_model(path)), Tokenizer.load(tokenizer_path)
        self.stops = [self.tokenizer.special_ids[s] for s in (EOS, EOT, "<|eom_id|>")]

    def prompt_ids(self, case):
        from chat import plain, render

        if case.prompt is not None:
            return self.tokenizer.encode_segments(plain([(case.prompt, 0)]))[0][:-1]
        return self.tokenizer.encode_segments(render(case.messages, case.tools, True))[0]

    def answer(self, case):
        from model import greedy

        ids = greedy(self.model, self.prompt_ids(case), self.stops, MAX_TOKENS)
        ended = ids[-1] in self.stops
        text = self.tokenizer.decode(ids[:-1] if ended else ids)
        return {"text": text, "call": parsed_call(text), "ended": ended}


# --- report ---------------------------------------------------------------------------------------


def measure(cases, backend, parallel, show):
    """Per suite: cases, right, ended."""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        for case, answer in zip(cases, pool.map(backend.answer, cases)):
            row = results.setdefault(case.suite, {"cases": 0, "right": 0, "ended": 0})
            right = bool(case.right(answer))
            row["cases"] += 1
            row["right"] += right
            row["ended"] += answer["ended"]
            if show and not (right and answer["ended"]):
                asked = case.prompt or case.messages[-1]["content"]
                print(f"- {case.suite}: {asked!r} -> {answer['text']!r}")
    return results


def failures(results):
    missed = [f"{suite}: {results[suite]['right']} of {results[suite]['cases']} right, wanted {wanted:.0%}"
              for suite, wanted in THRESHOLDS.items()
              if results[suite]["right"] < wanted * results[suite]["cases"]]
    return missed + [f"{suite}: {row['cases'] - row['ended']} answers did not end within {MAX_TOKENS} tokens"
                     for suite, row in results.items() if row["ended"] < row["cases"]]


def print_table(results):
    print("| suite | cases | right | ended |\n|---|---|---|---|")
    for suite, row in results.items():
        right, ended = (row[key] / row["cases"] for key in ("right", "ended"))
        print(f"| {suite} | {row['cases']} | {right:.1%} | {ended:.1%} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    backend = parser.add_mutually_exclusive_group(required=True)
    backend.add_argument("--url", help="an OpenAI-compatible server")
    backend.add_argument("--torch", metavar="CHECKPOINT", help="a checkpoint of train.py")
    parser.add_argument("--model", help="the model's name; the server's first one if absent")
    parser.add_argument("--key", help="API key")
    parser.add_argument("--tokenizer", default="tokenizer.json", help="for --torch")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--share", type=float, default=1.0, help="part of the cases, for a quick look")
    parser.add_argument("--parallel", type=int, default=8, help="requests at a time, for --url")
    parser.add_argument("--json", help="write the results here")
    parser.add_argument("--show-errors", action="store_true")
    options = parser.parse_args()
    backend = Server(options.url, options.model, options.key) if options.url \
        else Checkpoint(options.torch, options.tokenizer)
    cases = all_cases(options.seed, options.share)
    results = measure(cases, backend, options.parallel if options.url else 1, options.show_errors)
    print_table(results)
    missed = failures(results)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"results": results, "missed": missed}, file, indent=2)
    print("\n".join(missed) or "All thresholds are met.")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

"""What an operator sees: metrics, timings, the log, and the board and alerts that are built on them."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import yaml

from conftest import ROOT

BOARD = ROOT / "deploy" / "grafana" / "drover.json"
ALERTS = ROOT / "deploy" / "prometheus" / "drover-alerts.yaml"
ALERTS_TEST = ROOT / "deploy" / "prometheus" / "drover-alerts-test.yaml"
STORY = "Once upon a time a fox found a lantern. " * 20  # some 200 tokens
REPEATING = "one two three one two three one two"


def post(server, path, body, **headers):
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), headers)
    return urllib.request.urlopen(request, timeout=60)


def complete(server, prompt=STORY, **fields):
    body = {"prompt": prompt, "max_tokens": 24, "temperature": 0, "ignore_eos": True} | fields
    with post(server, "/v1/completions", body) as answer:
        return json.load(answer), answer.headers


def stream(server, path, **fields):
    with post(server, path, {"stream": True, "max_tokens": 24, "temperature": 0, "ignore_eos": True} | fields) as answer:
        lines = [line.decode().strip() for line in answer]
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(item) for item in data[:-1]]


# The page


def promtool(*arguments, input=None):
    result = subprocess.run(["promtool", *arguments], input=input, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def families(page):
    """{name: type}, each with one HELP and one TYPE."""
    helps = re.findall(r"^# HELP (\S+) \S", page, re.M)
    types = re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M)
    assert helps == [name for name, _ in types] and len(helps) == len(set(helps))
    return dict(types)


def series_names(page):
    return {re.match(r"[^{ ]+", line).group() for line in page.splitlines() if not line.startswith("#")}


def test_promtool_reads_the_page_and_finds_fault_with_names_of_peers_only(server):
    complete(server)
    code, output = promtool("check", "metrics", input=server.metrics_page())
    complaints = [line for line in output.splitlines() if line]
    assert code in (0, 3), output  # 3: it parses, but breaks a rule of style
    assert all(re.match(r"(vllm|llamacpp):", line) for line in complaints), output


def test_the_page_has_the_names_of_both_peers(server):
    complete(server)
    types = families(server.metrics_page())
    vllm = {
        "gauge": "num_requests_running num_requests_waiting kv_cache_usage_perc cache_config_info",
        "counter": "prompt_tokens_total generation_tokens_total request_success_total num_preemptions_total "
        "prefix_cache_queries_total prefix_cache_hits_total spec_decode_num_drafts_total "
        "spec_decode_num_draft_tokens_total spec_decode_num_accepted_tokens_total "
        "spec_decode_num_accepted_tokens_per_pos_total",
        "histogram": "time_to_first_token_seconds inter_token_latency_seconds time_per_output_token_seconds "
        "request_time_per_output_token_seconds e2e_request_latency_seconds request_queue_time_seconds "
        "request_inference_time_seconds request_prefill_time_seconds request_decode_time_seconds request_prompt_tokens "
        "request_generation_tokens request_max_num_generation_tokens request_params_max_tokens request_params_n "
        "iteration_tokens_total",
    }
    llama = {
        "counter": "prompt_tokens_total prompt_tokens_cached_total prompt_seconds_total tokens_predicted_total "
        "tokens_predicted_seconds_total n_decode_total spec_decode_num_draft_tokens_total "
        "spec_decode_num_accepted_tokens_total spec_decode_num_drafts_total spec_decode_num_accepted_tokens_per_pos_total",
        "gauge": "prompt_tokens_seconds predicted_tokens_seconds requests_processing requests_deferred "
        "n_busy_slots_per_decode n_tokens_max",
    }
    others = {
        "counter": "http_requests_total process_cpu_seconds_total",
        "gauge": "process_resident_memory_bytes process_start_time_seconds process_open_fds process_max_fds drover_ready "
        "drover_engine_heartbeat_age_seconds",
        "histogram": "http_request_duration_seconds http_request_size_bytes http_response_size_bytes",
    }
    for prefix, names in [("vllm:", vllm), ("llamacpp:", llama), ("", others)]:
        for kind, words in names.items():
            for word in words.split():
                assert types.get(prefix + word) == kind, prefix + word


def test_the_process_is_measured(server):
    metrics = server.metrics()
    assert metrics["process_resident_memory_bytes"] > 10e6 and metrics["process_cpu_seconds_total"] > 0
    assert 5 < metrics["process_open_fds"] < metrics["process_max_fds"]
    assert abs(time.time() - metrics["process_start_time_seconds"]) < 3600
    assert metrics["drover_ready"] == 1
    with urllib.request.urlopen(server.url + "/metrics") as answer:
        started = int(answer.headers["Process-Start-Time-Unix"])
    assert started == int(metrics["process_start_time_seconds"])


def value(server, name, **labels):
    """Of the first series of that name with these labels."""
    return next(
        number for series, number in server.metrics().items()
        if re.match(r"[^{]+", series).group() == name
        and all(f'{label}="{text}"' in series for label, text in labels.items()))


def test_a_request_is_counted_once_in_each_histogram(start):
    server = start()
    answer, _ = complete(server, n=3, max_tokens=7)
    prompt = answer["usage"]["prompt_tokens"]
    for name, count, total in [
        ("request_prompt_tokens", 1, prompt), ("request_generation_tokens", 3, 21),
        ("request_max_num_generation_tokens", 1, 7), ("request_params_max_tokens", 1, 7), ("request_params_n", 1, 3),
        ("request_prefill_time_seconds", 3, None), ("request_decode_time_seconds", 3, None),
        ("request_inference_time_seconds", 3, None), ("request_time_per_output_token_seconds", 3, None),
    ]:
        assert value(server, f"vllm:{name}_count") == count, name
        assert total is None or value(server, f"vllm:{name}_sum") == total, name
    assert value(server, "llamacpp:tokens_predicted_total") == 21
    assert value(server, "llamacpp:n_tokens_max") == prompt + 7
    assert value(server, "llamacpp:n_decode_total") == value(server, "vllm:iteration_tokens_total_count")


def test_any_number_of_readers_see_the_same_means(start):
    server = start()
    complete(server)
    names = ["prompt_tokens_seconds", "predicted_tokens_seconds", "n_busy_slots_per_decode"]
    first = [value(server, f"llamacpp:{name}") for name in names]
    assert all(number > 0 for number in first)
    assert [value(server, f"llamacpp:{name}") for name in names] == first


def test_predicted_tokens_are_the_sum_of_all_timings(start):
    server = start()
    timings = [complete(server, n=n, max_tokens=8)[0]["timings"] for n in (1, 2, 1)]
    assert value(server, "llamacpp:tokens_predicted_total") == sum(t["predicted_n"] for t in timings)
    cached = sum(t["cache_n"] for t in timings)
    assert cached > 0
    # A second sample finds all of the prompt but its last token.
    prompt = timings[0]["prompt_n"]
    assert value(server, "llamacpp:prompt_tokens_cached_total") == cached + prompt - 1
    assert value(server, "llamacpp:prompt_tokens_total") == sum(t["prompt_n"] for t in timings) + 1


# Board and alerts


def expressions():
    board = json.loads(BOARD.read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["definition"]
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


def test_every_metric_of_board_and_alerts_is_on_the_page(server):
    complete(server)
    known = series_names(server.metrics_page())
    for expression in expressions():
        names = re.findall(r"\b(?:vllm:|llamacpp:|drover_|http_|process_)\w+", expression)
        assert names or expression.startswith("up{"), expression
        assert set(names) <= known, expression


def test_the_board_asks_what_prometheus_understands(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(expressions()) if not expression.startswith("label_values")
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))
    code, output = promtool("check", "rules", str(file))
    assert code == 0, output


def test_the_panels_of_the_board_have_ids_and_places_of_their_own():
    panels = json.loads(BOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & places, panel["title"]
        places |= cells


def test_the_alerts_fire_when_they_should():
    for arguments in [("check", "rules", str(ALERTS)), ("test", "rules", str(ALERTS_TEST))]:
        code, output = promtool(*arguments)
        assert code == 0, output
    alerts = {rule["alert"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]}
    tests = yaml.safe_load(ALERTS_TEST.read_text())["tests"]
    fired = {test["alertname"] for case in tests for test in case["alert_rule_test"] if test.get("exp_alerts")}
    silent = {test["alertname"] for case in tests for test in case["alert_rule_test"] if not test.get("exp_alerts")}
    assert fired == alerts == silent


# Timings


def check(timings, usage=None):
    assert all(number is not None and number >= 0 for number in timings.values()), timings
    if usage:
        assert timings["cache_n"] == usage["prompt_tokens_details"]["cached_tokens"]
        assert timings["cache_n"] + timings["prompt_n"] == usage["prompt_tokens"]
        assert timings["predicted_n"] == usage["completion_tokens"]
    rate = timings["prompt_n"] / timings["prompt_ms"] * 1000
    assert timings["prompt_per_second"] == pytest.approx(rate)
    assert timings["prompt_per_token_ms"] == pytest.approx(1000 / rate)
    if timings["predicted_ms"] > 0:
        assert timings["predicted_per_second"] == pytest.approx(1000 / timings["predicted_per_token_ms"])


@pytest.mark.parametrize("fields", [{}, {"n": 3}, {"best_of": 3}, {"max_tokens": 1}, {"prompt": REPEATING, "max_tokens": 96}])
def test_whole_answers_have_timings(server, fields):
    answer, headers = complete(server, **fields)
    check(answer["timings"], answer["usage"])
    phases = re.fullmatch(
        r'queue;dur=[\d.]+, prefill;dur=([\d.]+), decode;dur=([\d.]+), cached;desc="(\d+)"', headers["server-timing"])
    assert float(phases[1]) == pytest.approx(answer["timings"]["prompt_ms"], abs=0.001)
    assert float(phases[2]) == pytest.approx(answer["timings"]["predicted_ms"], abs=0.001)
    assert int(phases[3]) == answer["timings"]["cache_n"]


def test_timings_tell_of_guesses_where_there_were_some(start):
    answer, _ = complete(start(), REPEATING, max_tokens=96)
    assert 0 < answer["timings"]["draft_n_accepted"] <= answer["timings"]["draft_n"]
    answer, _ = complete(start("--speculate", "off"), REPEATING, max_tokens=96)
    assert "draft_n" not in answer["timings"]


CHAT = {"messages": [{"role": "user", "content": STORY}]}
PATHS = [("/v1/chat/completions", CHAT), ("/v1/completions", {"prompt": STORY})]


def is_last(chunk):
    return bool(chunk["choices"]) and chunk["choices"][0]["finish_reason"] is not None


@pytest.mark.parametrize("path, body", PATHS)
def test_streams_end_with_timings(server, path, body):
    chunks = stream(server, path, **body)
    assert [is_last(chunk) for chunk in chunks] == ["timings" in chunk for chunk in chunks]
    check(chunks[-1]["timings"])

    chunks = stream(server, path, n=2, stream_options={"include_usage": True}, **body)
    ends = [chunk["timings"] for chunk in chunks if is_last(chunk)]
    check(chunks[-1]["timings"], chunks[-1]["usage"])
    assert [timings["predicted_n"] for timings in ends] == [24, 24] and chunks[-1]["timings"]["predicted_n"] == 48


@pytest.mark.parametrize("path, body", PATHS)
def test_timings_per_token_come_with_the_text(server, path, body):
    # Enough that they cannot all have come, guessed or drawn, before the first of them is written.
    chunks = stream(server, path, timings_per_token=True, max_tokens=200, **body)
    counts = [chunk["timings"]["predicted_n"] for chunk in chunks if "timings" in chunk]
    assert counts == sorted(counts) and counts[0] < 200 == counts[-1]
    assert all("timings" in chunk for chunk in chunks if chunk["choices"][0].get("text") or
               chunk["choices"][0].get("delta", {}).get("content"))


@pytest.mark.parametrize("path, body", PATHS)
def test_the_progress_of_a_prompt_is_reported(start, path, body):
    server = start("--max-batch-tokens", "64", "--speculate", "off")
    for cached in (False, True):
        chunks = stream(server, path, return_progress=True, n=2, **body)
        progress = [chunk["prompt_progress"] for chunk in chunks if "prompt_progress" in chunk]
        assert [sorted(item) for item in progress] == [["cache", "processed", "time_ms", "total"]] * len(progress)
        processed = [item["processed"] for item in progress]
        assert processed == sorted(processed) and processed[-1] == progress[-1]["total"]
        assert (progress[-1]["cache"] > 0) == cached
        # The prompt is one, so its progress is, and it comes before any text.
        first = [chunk for chunk in chunks if chunk["choices"][0]["index"] == 0]
        texts = [index for index, chunk in enumerate(first)
                 if chunk["choices"][0].get("text") or chunk["choices"][0].get("delta", {}).get("content")]
        last = max(index for index, chunk in enumerate(first) if "prompt_progress" in chunk)
        assert last < texts[0]
        assert not any("prompt_progress" in chunk for chunk in chunks if chunk["choices"][0]["index"] == 1)
    assert not any("prompt_progress" in chunk for chunk in stream(server, path, **body))


@pytest.mark.parametrize("field", ["timings_per_token", "return_progress"])
def test_what_only_a_stream_can_tell_is_refused_without_one(server, field):
    for path, body in PATHS:
        with pytest.raises(urllib.error.HTTPError) as failure:
            post(server, path, body | {field: True})
        assert failure.value.code == 400 and json.load(failure.value)["error"]["param"] == field


def test_no_server_timing_before_anything_is_known(server):
    with post(server, "/v1/completions", {"prompt": "a", "stream": True, "max_tokens": 2}) as answer:
        assert answer.headers["server-timing"] is None


# The log


def fields(line):
    return {key: value.strip('"') for key, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line)}


def logged(server, request_id, seconds=10):
    """The lines of that request; they come when the answer is out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        lines = [line for line in server.log() if request_id in line]
        if lines:
            return lines
        time.sleep(0.02)
    raise TimeoutError(request_id)


def test_each_request_has_one_line_with_all_that_it_took(server):
    body = {"prompt": STORY, "max_tokens": 24, "n": 2, "ignore_eos": True}
    with post(server, "/v1/completions", body, **{"x-request-id": "log-1"}) as answer:
        usage = json.load(answer)["usage"]
    line, = logged(server, "log-1")
    entry = fields(line)
    assert entry["endpoint"] == "/v1/completions" and entry["status"] == "200" and entry["finish"] == "length"
    assert [int(entry[key]) for key in ("prompt_tokens", "cached_tokens", "output_tokens", "samples", "preemptions")] == [
        usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"], 48, 2, 0]
    for key in ("queue_ms", "prefill_ms", "decode_ms", "ttft_ms", "tokens_per_second", "duration_ms"):
        assert float(entry[key]) >= 0, key
    assert float(entry["queue_ms"]) + float(entry["prefill_ms"]) <= float(entry["duration_ms"]) + 0.02


def test_a_request_that_fails_or_is_left_is_logged_too(start):
    server = start()
    body = {"prompt": "a", "max_tokens": 1000, "n": 16, "ignore_eos": True}
    with pytest.raises(urllib.error.HTTPError) as failure:
        post(server, "/v1/completions", body, **{"x-request-id": "late-1", "x-request-timeout": "0.3"})
    assert failure.value.code == 408
    entry = fields(logged(server, "late-1")[0])
    assert entry["status"] == "408" and entry["finish"] == "deadline" and int(entry["output_tokens"]) > 0
    with post(server, "/v1/completions", body | {"stream": True}, **{"x-request-id": "left-1"}) as answer:
        answer.read(200)
    entry = fields(logged(server, "left-1")[0])
    assert entry["finish"] == "abort" and entry["complete"] == "false"


def test_nothing_that_a_client_sends_makes_a_line_of_its_own(start):
    server = start("--log-level", "debug")
    for target in ["/%0aforged", "/a=b\"c", "/v1/models/%e2%80%a8x"]:
        subprocess.run(["curl", "-sS", "--path-as-is", "-H", 'x-request-id: a=b"c', server.url + target], capture_output=True)
    lines = logged(server, "/v1/models/%e2")
    assert len([line for line in server.log() if line.startswith("info drover: request ")]) == 3
    assert fields(lines[0])["id"] == r"a=b\"c"


def test_log_lines_can_be_json(start):
    server = start("--log-format", "json")
    with post(server, "/v1/completions", {"prompt": "a", "max_tokens": 3, "ignore_eos": True},
              **{"x-request-id": 'js"on'}):
        pass
    deadline = time.monotonic() + 10
    while not (entries := [json.loads(line) for line in server.log() if '"request"' in line]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    entry = entries[0]
    assert entry["id"] == 'js"on' and entry["level"] == "info" and entry["logger"] == "drover"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
    assert entry["output_tokens"] == 3 and entry["status"] == 200 and entry["decode_ms"] >= 0
    assert all(json.loads(line) for line in server.log())

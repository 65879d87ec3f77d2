"""What a person with curl sees."""

import json
import subprocess


def curl(*arguments):
    result = subprocess.run(["curl", "-sS", "--max-time", "60", *arguments], capture_output=True, check=True)
    return result.stdout.decode()


def test_a_stream_is_server_sent_events(server):
    body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "What is 47 + 35?"}]})
    text = curl("-N", "-i", server.url + "/v1/chat/completions", "-d", body)
    head, _, events = text.partition("\r\n\r\n")
    assert "HTTP/1.1 200" in head and "content-type: text/event-stream" in head.lower()
    assert "x-request-id:" in head.lower() and "transfer-encoding: chunked" in head.lower()
    assert events.rstrip().endswith("data: [DONE]")


def test_the_request_id_is_echoed(server):
    text = curl("-i", server.url + "/health/live", "-H", "x-request-id: my-id-1")
    assert "x-request-id: my-id-1" in text.lower()


def test_wrong_paths_methods_and_bodies_are_json_errors(server):
    for arguments, status in [
        ([server.url + "/nope"], 404),
        (["-X", "DELETE", server.url + "/v1/models"], 405),
        ([server.url + "/v1/chat/completions", "-d", "{"], 400),
        ([server.url + "/v1/chat/completions", "-F", "a=b"], 415),
        ([server.url + "/v1/models/nope"], 404),
    ]:
        text = curl("-w", "\n%{http_code}", *arguments)
        body, _, code = text.rpartition("\n")
        assert int(code) == status, text
        assert json.loads(body)["error"]["message"]


def test_health_and_metrics(server):
    for path in ["/health", "/health/live", "/health/ready"]:
        assert json.loads(curl(server.url + path)) == {"status": "ok"}
        assert "200" in curl("-I", server.url + path)
    page = curl(server.url + "/metrics")
    for name in ["vllm:num_requests_running", "vllm:kv_cache_usage_perc", "drover_kv_blocks_free", "http_requests_total"]:
        assert f"# TYPE {name}" in page


def test_a_large_body_with_expect_is_read(server):
    message = {"role": "user", "content": "word " * 500_000}
    body = json.dumps({"messages": [message]})
    result = subprocess.run(
        ["curl", "-sS", "-H", "Expect: 100-continue", server.url + "/v1/chat/completions", "-d", "@-"],
        input=body.encode(), capture_output=True, check=True,
    )
    assert json.loads(result.stdout)["error"]["code"] == "context_length_exceeded"

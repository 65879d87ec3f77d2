"""The other sub-commands, on the bundled model and on the oracle checkpoint in both formats."""

import json
import re
import subprocess

import pytest

from conftest import BINARY, ROOT

FIXTURES = ROOT / "Tests" / "Fixtures"


def drover(*arguments, input=None, returncode=0):
    result = subprocess.run([BINARY, *arguments], input=input, capture_output=True, text=True, timeout=120)
    assert result.returncode == returncode, result.stderr
    return result.stdout if returncode == 0 else result.stderr


def test_tokenize_shows_tokens_and_keeps_control_tokens_out():
    ids = drover("tokenize", "--ids", "--model", FIXTURES / "oracle-a", "The quick brown").split()
    assert ids == ["301", "430", "407"]
    plain = drover("tokenize", "--ids", "a<|eot_id|>").split()
    special = drover("tokenize", "--ids", "--special", "a<|eot_id|>").split()
    assert len(special) == 2 < len(plain)


@pytest.mark.parametrize("name", ["oracle-a", "oracle-a.gguf"])
def test_inspect_tells_the_same_of_both_formats(name):
    text = drover("inspect", FIXTURES / name, "--tensors")
    for line in ["layers: 4", "K/V heads: 2", "vocabulary: 709", "tied embeddings: true", "parameters: 3198464"]:
        assert line in text.splitlines()
    assert "memory plan:" in text


def test_a_file_that_is_no_model_is_refused_by_name():
    assert "not a GGUF file" in drover("inspect", ROOT / "README.md", returncode=1)


def test_chat_keeps_the_conversation_until_reset(server):
    lines = "Hello\n/reset\nHello\n/quit\n"
    local = drover("chat", "--temperature", "0", input=lines)
    remote = drover("chat", "--temperature", "0", "--url", server.url, input=lines)
    assert local == remote
    answers = [line.removeprefix("> ").strip() for line in local.splitlines()[1:] if len(line) > 4]
    assert len(answers) == 2 and answers[0] == answers[1].removeprefix("> ")


def test_bench_serve_measures_a_server(server):
    report = json.loads(
        drover("bench", "serve", "--url", server.url, "--clients", "4", "--requests", "8", "--output-tokens", "8", "--json")
    )
    assert report["answers"] == 8 and report["failed"] == 0 and report["completion_tokens"] == 64
    assert report["cached_tokens"] == 0
    assert 0 < report["time_to_first_token_ms"]["p50"] <= report["request_latency_ms"]["max"]

    shared = ["--shared-words", "150", "--input-words", "10", "--requests", "6", "--output-tokens", "4", "--json"]
    report = json.loads(drover("bench", "serve", "--url", server.url, *shared))
    assert report["cached_tokens"] >= 5 * 128


def test_bench_model_measures_the_kernels():
    text = drover("bench", "model", "--prefill", "64", "--steps", "4", "--runs", "1", "--batches", "2")
    assert re.search(r"prefill 64 .* tokens/s, .* % of .* G multiply-adds/s", text)
    assert re.search(r"decode x 2 .* tokens/s, .* % of .* GB/s", text)


def test_bench_model_reports_as_json():
    report = json.loads(
        drover(
            "bench", "model", "--json", "--prefill", "32", "--prefill", "64", "--context", "70", "--steps", "4",
            "--runs", "1", "--batches", "1", "--batches", "2",
        )
    )
    assert report["model"] == "drover-demo" and report["threads"] >= 1 and report["kernels"]
    prompts, decoding = report["rows"][:2], report["rows"][2:]
    assert [(row["kind"], row["tokens"]) for row in prompts] == [("prefill", 32), ("prefill", 64)]
    assert [(row["kind"], row["batch"], row["context"]) for row in decoding] == [("decode", 1, 70), ("decode", 2, 70)]
    assert all(row["tokens_per_second"] > 0 and row["share_of_peak"] > 0 for row in prompts)
    assert all(row["peak_products_per_second"] > 0 for row in prompts)
    assert all(row["tokens_per_second"] > 0 and row["share_of_bandwidth"] > 0 for row in decoding)
    assert all(row["read_bytes_per_second"] > 0 for row in decoding)


def bench_kernels(*arguments):
    small = ["--runs", "1", "--megabytes", "4", "--columns", "1", "--columns", "20"]
    return drover("bench", "kernels", *small, *arguments)


def test_bench_kernels_measures_every_table():
    report = json.loads(bench_kernels("--types", "q4_K", "--types", "BF16", "--json"))
    assert report["threads"] >= 1 and report["read_bytes_per_second"] > 0
    tables = {row["kernels"] for row in report["rows"]}
    assert "reference" in tables and tables == {peak["kernels"] for peak in report["peaks"]}
    for table in tables:
        rows = [row for row in report["rows"] if row["kernels"] == table]
        weights = ["F32"] if table == "reference" else ["Q4_K", "BF16"]
        assert [(row["weights"], row["columns"]) for row in rows] == [(w, c) for w in weights for c in (1, 20)]
        assert all(row["cached_products_per_second"] > 0 and row["share_of_peak"] > 0 for row in rows)
        # Only up to 16 columns are measured from memory.
        assert all((row["streamed_bytes_per_second"] is None) == (row["columns"] == 20) for row in rows)
        assert all((row["share_of_bandwidth"] is None) == (row["columns"] == 20) for row in rows)


def test_bench_kernels_writes_its_report_beside_the_text(tmp_path):
    text = bench_kernels("--kernels", "reference", "--json", tmp_path / "report.json")
    assert "memory bandwidth" in text and "GMAC/s" in text and "reference F32" in text
    assert {row["weights"] for row in json.loads((tmp_path / "report.json").read_text())["rows"]} == {"F32"}
    assert "nosuch" in drover("bench", "kernels", "--kernels", "nosuch", returncode=1)
    assert "nosuch" in drover("bench", "kernels", "--types", "nosuch", returncode=64)

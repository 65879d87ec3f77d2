"""Computed beginnings on disk: they outlive their place in memory, a restart and a kill, and change no text."""

import concurrent.futures
import resource
import shutil
import stat
import subprocess

import pytest

from conftest import BINARY
from test_prefix_cache import STORY, cached, complete

PROMPTS = [f"{name} went out one day. {STORY}" for name in ("An owl", "A bear", "The cat", "Two mice", "Tom", "Anna")]
BLOCKS = 12  # for two or three of them


def total_of(server, name):
    return sum(value for series, value in server.metrics().items() if series.startswith("drover_disk_cache_" + name))


def failures(server, reason):
    series = server.metrics().items()
    return sum(v for s, v in series if s.startswith("drover_disk_cache_failures_total") and f'reason="{reason}"' in s)


def wait_until_saved(server, count):
    server.wait_for_metric(lambda _: total_of(server, "files") >= count)


@pytest.fixture
def serve(start, server, tmp_path):
    """Starts servers with a pool for few requests and the directory of this test."""
    block = server.metrics()["drover_kv_block_bytes"]
    arguments = ("--kv-cache-bytes", str(int(BLOCKS * block)), "--context-length", "512")
    return lambda *others: start(*arguments, "--cache-dir", str(tmp_path / "cache"), *others)


@pytest.fixture(scope="module")
def expected(server):
    return [complete(server, prompt)[0] for prompt in PROMPTS]


def ask_all(server, expected):
    """How many tokens of each prompt were cached; all texts must be right."""
    answers = [complete(server, prompt) for prompt in PROMPTS]
    assert [text for text, _ in answers] == expected
    return [cached(usage) for _, usage in answers]


def whole_blocks(server, prompt):
    return (complete(server, prompt)[1]["prompt_tokens"] - 1) // 64 * 64


def test_what_had_to_make_room_comes_back(serve, expected):
    server = serve()
    first = ask_all(server, expected)
    assert all(count < 64 for count in first)
    wait_until_saved(server, 3 * len(PROMPTS))
    assert all(count >= 128 for count in ask_all(server, expected))
    assert total_of(server, "hits_total") > 6
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda prompt: complete(server, prompt)[0], PROMPTS * 2)
        assert list(answers) == expected * 2
    assert server.metrics()["drover_disk_cache_limit_bytes"] == 8 << 30
    assert failures(server, "damaged") == failures(server, "read") == failures(server, "write") == 0


def test_a_restart_finds_what_was_computed(serve, expected, tmp_path):
    server = serve()
    ask_all(server, expected)
    assert server.stop() == 0
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    server = serve()
    counts = ask_all(server, expected)
    assert counts == [whole_blocks(server, prompt) for prompt in PROMPTS] and min(counts) >= 128
    salted, usage = complete(server, PROMPTS[0], cache_salt="mine")
    assert salted == expected[0] and cached(usage) == 0


def test_a_kill_costs_nothing_that_was_saved(serve, expected, tmp_path):
    server = serve()
    ask_all(server, expected)
    wait_until_saved(server, 3 * len(PROMPTS))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        running = [pool.submit(complete, server, prompt + "And then", max_tokens=200) for prompt in PROMPTS]
        server.wait_for_metric(lambda metrics: any(v for s, v in metrics.items() if "num_requests_running" in s))
        server.process.kill()
        server.process.wait()
        assert all(one.exception() for one in running)
    (tmp_path / "cache" / ("0" * 32 + ".kv.tmp")).write_bytes(b"half")
    server = serve()
    assert all(count >= 128 for count in ask_all(server, expected))
    assert not list((tmp_path / "cache").glob("*.tmp"))


def test_damage_is_found_and_removed(serve, expected, tmp_path):
    server = serve()
    ask_all(server, expected)
    assert server.stop() == 0
    files = sorted((tmp_path / "cache").glob("*.kv"))
    assert len(files) >= 3 * len(PROMPTS)
    for number, file in enumerate(files):
        content = bytearray(file.read_bytes())
        if number % 3 == 2:
            del content[-100:]
        else:
            content[(number * 4099) % len(content)] ^= 1 << number % 8
        file.write_bytes(content)
    server = serve()
    assert all(count < 64 for count in ask_all(server, expected))
    assert failures(server, "damaged") >= 2 * len(PROMPTS)
    assert server.stop() == 0
    server = serve()
    assert all(count >= 128 for count in ask_all(server, expected))
    assert failures(server, "damaged") == 0


def test_trouble_with_the_disk_stops_nobody(serve, expected, tmp_path):
    server = serve()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
    ask_all(server, expected)
    server.wait_for_metric(lambda _: failures(server, "write") > 0)
    shutil.rmtree(tmp_path / "cache")
    ask_all(server, expected)
    assert server.stop() == 0


def test_stays_within_its_limit(serve, expected, tmp_path, server):
    block = int(server.metrics()["drover_kv_block_bytes"])
    small = serve("--cache-disk-bytes", str(5 * (block + 512)))
    ask_all(small, expected)
    assert small.stop() == 0
    files = list((tmp_path / "cache").glob("*.kv"))
    assert len(files) == 5 and sum(file.stat().st_size for file in files) <= 5 * (block + 512)


def test_a_directory_has_one_server(serve, tmp_path):
    serve()
    path = str(tmp_path / "cache")
    second = subprocess.run([BINARY, "serve", "--port", "0", "--cache-dir", path], capture_output=True, timeout=60)
    assert second.returncode not in (0, -4, 132)
    assert path in second.stderr.decode() and "in use" in second.stderr.decode()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--cache-dir", "/proc/nothing"], ["/proc/nothing"]),
        (["--cache-dir", "/tmp", "--prefix-cache", "off"], ["cache-dir", "prefix-cache"]),
        (["--cache-disk-bytes", "1GiB"], ["cache-disk-bytes", "cache-dir"]),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    result = subprocess.run([BINARY, "serve", "--port", "0", *arguments], capture_output=True, timeout=60)
    assert result.returncode not in (0, -4, 132)
    assert all(word in result.stderr.decode() for word in words), result.stderr

"""The bundled model keeps what its README promises, on prompts that were not in its training text."""

import pathlib
import subprocess
import sys

EVALUATE = pathlib.Path(__file__).parents[2] / "Sources/CBundledModel/training/evaluate.py"


def test_sums_and_tool_calls_are_right_and_answers_end(server):
    run = subprocess.run([sys.executable, EVALUATE, "--url", server.url], capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "All thresholds are met." in run.stdout

"""The bundled model does what its README says, on prompts that were not in its training text."""

import pathlib
import subprocess
import sys

EVALUATE = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "CBundledModel" / "training" / "evaluate.py"


def test_it_reaches_its_thresholds(server):
    # The script exits non-zero below 95 % arithmetic, 90 % tool calls, or when an answer does not end.
    result = subprocess.run([sys.executable, EVALUATE, "--url", server.url], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr

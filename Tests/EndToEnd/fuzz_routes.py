"""Random requests to every route of openapi.yaml, valid and not, by schemathesis with all of its checks but one, which
has a substitute.

    python Tests/EndToEnd/fuzz_routes.py --url http://127.0.0.1:8080 --examples 2000

The server needs a --state-dir: without one the routes of files and batches answer 501.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent


def run(url, examples, *arguments):
    """The finished process; its output is schemathesis's report."""
    command = [
        pathlib.Path(sys.executable).with_name("st"), "run", f"{url}/openapi.yaml", "--max-examples", str(examples),
        # refusal_is_described of schemathesis_hooks takes its place: some rules stand in words.
        "--exclude-checks", "positive_data_acceptance",
        # NUL can't stand in a path or header.
        "--generation-allow-x00", "false", "--request-timeout", "120", "--continue-on-failure", "--no-color", *arguments]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(FOLDER)}
    # It keeps what failed in the folder where it runs, and would begin with that the next time.
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--report", type=pathlib.Path, help="file for schemathesis's output")
    options, others = parser.parse_known_args()
    result = run(options.url, options.examples, *others)
    if options.report:
        options.report.write_text(result.stdout + result.stderr)
    print(result.stdout[-4000:], result.stderr[-2000:])
    sys.exit(result.returncode)

"""Random requests to all routes: a few of those that fuzz_routes.py sends by the thousand."""

import pytest

import fuzz_routes


@pytest.mark.direct("it refuses TRACE itself", proxies=["nginx"])
def test_every_route_answers_as_openapi_yaml_says(start, tmp_path):
    server = start("--state-dir", str(tmp_path / "state"))
    result = fuzz_routes.run(server.url, 5, "--no-shrink", "--seed", "1")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]

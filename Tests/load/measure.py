"""What the load scripts share: the server that the end-to-end tests start, and what the system says of a process."""

import os
import pathlib
import resource
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))
from conftest import BINARY, Server  # noqa: E402, F401

TICK = os.sysconf("SC_CLK_TCK")


def allow_descriptors(count):
    """For this process and those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        sys.exit(f"this needs {count} descriptors, the limit is {hard} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def rss(pid):
    """Resident memory in KiB."""
    return int(status(pid)["VmRSS"].split()[0])


def threads(pid):
    return int(status(pid)["Threads"])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(*pids):
    """Time that processes have spent on a core, in user code and for them in the kernel."""
    return sum(sum(map(int, stat(pid)[11:13])) for pid in pids) / TICK


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def stat(pid):
    # The name before the bracket may hold spaces.
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def verdict(*conditions):
    """Ends the script: 0 when all goals are met."""
    sys.exit(0 if all(conditions) else 1)

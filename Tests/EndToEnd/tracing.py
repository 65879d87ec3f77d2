"""Stops one thread of a process, as a debugger would, while the others go on."""

import contextlib
import ctypes
import os
import pathlib
import threading

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000


def thread_of(process, name):
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise LookupError(f"no thread {name}")


@contextlib.contextmanager
def held(thread):
    """For as long as the block runs. PermissionError where tracing is not allowed."""
    is_held, is_over, denied = threading.Event(), threading.Event(), []

    def hold():
        # All requests to a traced thread must come from the one that seized it.
        if libc.ptrace(PTRACE_SEIZE, thread, None, None) != 0:
            denied.append(PermissionError(ctypes.get_errno(), "ptrace"))
            return is_held.set()
        libc.ptrace(PTRACE_INTERRUPT, thread, None, None)
        os.waitpid(thread, WALL)
        is_held.set()
        # Where the process is killed meanwhile, nobody hears of its end before this thread has been waited for.
        with contextlib.suppress(ChildProcessError):
            while not is_over.wait(timeout=0.1):
                os.waitpid(thread, WALL | os.WNOHANG)
        libc.ptrace(PTRACE_DETACH, thread, None, None)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait()
    try:
        if denied:
            raise denied[0]
        yield
    finally:
        is_over.set()
        holder.join()

"""`python -m tests.crash_points.nursery`: forks what its standard input asks for, says who lives and how each died."""

import json
import os
import select
import signal
import sys
import traceback
from typing import NoReturn

from tests.crash_points.preloaded import run, settle


def main() -> None:
    settle()
    bell, ringer = os.pipe()
    os.set_blocking(ringer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ringer)
    asked, living = b"", set[int]()
    while True:
        ready, _, _ = select.select([0, bell], [], [])
        if bell in ready:
            os.read(bell, 4096)
            _reap(living)
        if 0 in ready:
            read = os.read(0, 1 << 16)
            if not read:
                break
            *lines, asked = (asked + read).split(b"\n")
            for line in lines:
                _bear(json.loads(line), living)
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _bear(wanted: list[object], living: set[int]) -> None:
    pid = os.fork()
    if not pid:
        _live(wanted)
    living.add(pid)
    _say(wanted[0], pid)


def _reap(living: set[int]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        living.discard(pid)
        _say("ended", pid, os.waitstatus_to_exitcode(status))


def _say(*words: object) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def _live(wanted: list[object]) -> NoReturn:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        run(*wanted[1:])  # type: ignore[arg-type]  # as it was asked for
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        sys.stderr.write(f"{end.code}\n" if isinstance(end.code, str) else "")
    except BaseException:  # noqa: BLE001 - a process of its own ends here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()

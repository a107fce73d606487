import ctypes
import gc
import sys

YOUNG = 50_000
_M_TRIM_THRESHOLD, _KEPT_FREE = -1, 1024 * 1024


def settle() -> None:
    """Start-up is over: what exists now is never looked at again by the garbage collector, and it runs rarely.

    Requests and batches free nearly everything by reference counts; at its usual thresholds the collector took
    up to 40 % of a handler's CPU. What a large body has taken goes back to the system: glibc would learn to keep it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_FREE)

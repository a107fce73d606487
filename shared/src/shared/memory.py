import gc

YOUNG = 50_000


def settle() -> None:
    """Start-up is over: what exists now is never looked at again by the garbage collector, and it runs rarely.

    Requests and batches free nearly everything by reference counts; at its usual thresholds the collector took
    up to 40 % of a handler's CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)

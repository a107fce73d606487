from datetime import datetime, timedelta

from shared.events import Promise, Window


def promised(now: datetime, within: timedelta, requested: Window) -> Promise:
    """The service level's time from now, or the requested window where that ends later."""
    latest = now + within
    wanted = requested.latest or (requested.earliest + within if requested.earliest else latest)
    if wanted > latest:
        return Promise(earliest=requested.earliest or now, latest=wanted)
    return Promise(earliest=now, latest=latest)

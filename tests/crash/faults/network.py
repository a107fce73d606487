"""Links become slow, thin, sliced, dark; they break, and they break where it hurts."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.crash.faults.catalogue import Field, InVain, fault
from tests.crash.proxy import Link, Weather


def _some(ground: Field, links: Sequence[Link], part: float = 0.5) -> list[Link]:
    """At least one, in random order."""
    return ground.drawn.sample(links, max(1, round(len(links) * part)))


async def _under(ground: Field, weather: Weather, seconds: float, part: float = 0.5) -> None:
    links = _some(ground, ground.stage.links.all, part)
    with felt(links):
        for link in links:
            link.become(weather)
        await asyncio.sleep(seconds)
        for link in links:
            link.become(Weather())


@contextmanager
def felt(links: Sequence[Link]) -> Iterator[None]:
    """Something has to be on its way through one of them."""
    for link in links:
        link.look_anew()
    before = sum(link.harmed for link in links)
    yield
    if sum(link.harmed for link in links) == before:
        raise InVain(f"nothing was on its way through {len(links)} links")


@fault("links are slow (200 ± 150 ms)", "links")
async def slow(ground: Field) -> None:
    await _under(ground, Weather(latency=0.2, jitter=0.15), ground.seconds(5, 10), 0.3)


@fault("links are thin (20 kB/s)", "links")
async def thin(ground: Field) -> None:
    await _under(ground, Weather(bytes_per_second=20_000), ground.seconds(5, 10), 0.3)


@fault("links carry slices of a few bytes", "links")
async def sliced(ground: Field) -> None:
    await _under(ground, Weather(slice_bytes=7), ground.seconds(3, 6), 0.3)


@fault("partition: links are black holes", "links")
async def black_hole(ground: Field) -> None:
    await _under(ground, Weather(dark_up=True, dark_down=True), ground.seconds(5, 20), 0.2)


@fault("half-open links: questions arrive, answers do not", "links")
async def half_open(ground: Field) -> None:
    await _under(ground, Weather(dark_down=True), ground.seconds(5, 15), 0.2)


@fault("connections end after some kilobytes", "links")
async def cut_after(ground: Field) -> None:
    await _under(ground, Weather(cut_after=ground.drawn.randint(500, 20_000)), ground.seconds(3, 8), 0.4)


@fault("connections are reset", "links")
async def reset(ground: Field) -> None:
    with felt(ground.stage.links.all):
        for _ in range(5):
            for link in _some(ground, ground.stage.links.all, 0.3):
                link.reset()
            await asyncio.sleep(ground.seconds(0.2, 1))


@fault("swizzle: links go dark one by one and come back in another order", "links")
async def swizzle(ground: Field) -> None:
    links = _some(ground, ground.stage.links.all, 0.4)
    with felt(links):
        for link in links:
            link.become(Weather(dark_up=True, dark_down=True))
            await asyncio.sleep(ground.seconds(0.1, 0.6))
        for link in ground.drawn.sample(links, len(links)):
            link.become(Weather())
            await asyncio.sleep(ground.seconds(0.1, 0.6))


@fault("cut between COMMIT and its answer")
async def ambiguous_commits(ground: Field) -> None:
    """Some commits on each link: half are done and never known of, of half nobody knows anything."""
    await _sprung(ground, list(ground.stage.links.postgres.values()), ("cut_after_commit", "cut_at_commit"))


@fault("answers to produce requests are dropped")
async def dropped_answers(ground: Field) -> None:
    await _sprung(ground, list(ground.stage.links.kafka.values()), ("drop_produce_answer",))


async def _sprung(ground: Field, links: Sequence[Link], traps: Sequence[str]) -> None:
    with trapped(links, traps):
        await asyncio.sleep(ground.seconds(4, 8))


@contextmanager
def trapped(links: Sequence[Link], traps: Sequence[str]) -> Iterator[None]:
    """Each trap has to spring somewhere."""
    before = _times_sprung(links)
    for link in links:
        for trap in traps:
            link.traps[trap] = 2
    try:
        yield
    finally:
        for link in links:
            for trap in traps:
                link.traps.pop(trap, None)
    sprung = _times_sprung(links) - before
    if idle := [trap for trap in traps if not sprung[trap]]:
        raise InVain(f"nobody was caught by {', '.join(idle)}")


def _times_sprung(links: Sequence[Link]) -> Counter[str]:
    return sum((Counter(link.sprung) for link in links), Counter[str]())

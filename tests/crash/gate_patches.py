"""The product without what keeps events apart that are not next: the gate, and what waits."""

from collections.abc import Iterable, Mapping, Sequence

from shared.database import Transaction, columns
from shared.envelope import Envelope
from shared.gate import Standing, Verdict
from shared.waves import Turn

from shared import applying, gate, progress


def put(place: object, name: str, what: object) -> None:
    """Of the product, something else from now on."""
    setattr(place, name, what)


_ADVANCE = """
INSERT INTO progress (consumer, aggregate, version) SELECT $1, * FROM unnest($2::text[], $3::int[])
ON CONFLICT (consumer, aggregate) DO UPDATE SET version = greatest(progress.version, excluded.version)
"""


def no_gate() -> None:
    """What was applied is applied again when it comes again; what comes too early is held as ever."""
    properly = gate.judge

    def judge(standings: Mapping[str, Standing], stored: Sequence[Envelope], heard: Sequence[Envelope]) -> Verdict:
        verdict = properly(standings, stored, heard)
        verdict.apply[:0] = [each for each in heard if each.version <= standings[each.aggregate].version]
        return verdict

    async def advance(tx: Transaction, consumer: str, versions: Mapping[str, int]) -> None:
        await tx.execute(_ADVANCE, consumer, *columns(sorted(versions.items()), 2))

    put(applying, "judge", judge)
    put(progress, "advance", advance)


def no_holding() -> None:
    """What is newer is applied as it comes; what is parked holds what is behind it as ever."""
    properly = gate.judge

    def judge(standings: Mapping[str, Standing], stored: Sequence[Envelope], heard: Sequence[Envelope]) -> Verdict:
        verdict = properly(standings, stored, [each for each in heard if standings[each.aggregate].parked])
        last = {aggregate: standing.version for aggregate, standing in standings.items()}
        for each in heard:
            if each.version > last[each.aggregate] and not standings[each.aggregate].parked:
                last[each.aggregate] = each.version
                verdict.apply.append(each)
        return verdict

    put(applying, "judge", judge)


def no_waiting() -> None:
    """What is parked, and what waits behind it or behind a gap, is not kept."""

    async def keep(tx: Transaction, name: str, envelopes: Iterable[Envelope]) -> None:
        return None

    put(progress, "keep", keep)


def no_park_behind() -> None:
    """What is parked stays alone: what comes behind it is applied, in the same batch and in later ones."""
    properly, save = gate.judge, applying.Batch._save

    def judge(standings: Mapping[str, Standing], stored: Sequence[Envelope], heard: Sequence[Envelope]) -> Verdict:
        verdict = properly(standings, stored, heard)
        verdict.apply += [each for each in verdict.store if standings[each.aggregate].parked]
        verdict.store = [each for each in verdict.store if not standings[each.aggregate].parked]
        return verdict

    def unstopped(self: applying.Batch, turns: Sequence[Turn]) -> list[Turn]:
        refused = [one.envelope for one in self.refused]
        return [turn for turn in turns if turn.envelope not in refused]

    async def advance(self: applying.Batch, verdict: Verdict) -> None:
        stops = self._stops()
        behind = [each for each in verdict.apply if each.version > stops.get(each.aggregate, each.version)]
        verdict.apply = [each for each in verdict.apply if each not in behind]
        await save(self, verdict)
        await progress.advance(self.tx, self.consumer, {each.aggregate: each.version for each in behind})

    put(applying, "judge", judge)
    put(applying.Batch, "_unstopped", unstopped)
    put(applying.Batch, "_save", advance)

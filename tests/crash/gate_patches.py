"""The product without what keeps events apart that are not next: the gate, and what waits."""

from collections.abc import Iterable, Mapping, Sequence

from shared.database import Transaction
from shared.envelope import Envelope
from shared.gate import Standing, Verdict
from shared.waves import Turn

from shared import applying, gate, progress
from tests.crash.patching import put


def no_gate() -> None:
    def judge(standings: Mapping[str, Standing], stored: Sequence[Envelope], heard: Sequence[Envelope]) -> Verdict:
        return Verdict(apply=list(heard))

    put(applying, "judge", judge)


def no_holding() -> None:
    """What is not older is applied as it comes."""

    def judge(standings: Mapping[str, Standing], stored: Sequence[Envelope], heard: Sequence[Envelope]) -> Verdict:
        last = {aggregate: standing.version for aggregate, standing in standings.items()}
        verdict = Verdict()
        for envelope in heard:
            if envelope.version > last[envelope.aggregate]:
                last[envelope.aggregate] = envelope.version
                verdict.apply.append(envelope)
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

"""However events are repeated, swapped, refused and replayed: each is applied once, and in order."""

from collections import defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from shared.envelope import Envelope, opened
from shared.gate import Standing, Verdict, judge
from uuid_utils.compat import uuid7

from tests.examples import examples
from tests.shared.plumbing import heard, rejected

ORDERS = [uuid7() for _ in range(3)]
WHICH = st.integers(0, len(ORDERS) - 1)


class Gate(RuleBasedStateMachine):
    """Standings and what waits are kept as `progress` and `waiting` keep them."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Envelope] = []
        self.standings: defaultdict[str, Standing] = defaultdict(Standing)
        self.waiting: dict[tuple[str, int], Envelope] = {}
        self.applied: defaultdict[str, list[int]] = defaultdict(list)
        self.refused: set[tuple[str, int]] = set()

    @rule(which=WHICH, sick=st.integers(0, 9))
    def say(self, which: int, sick: int) -> None:
        order = ORDERS[which]
        version = 1 + sum(envelope.aggregate == f"order/{order}" for envelope in self.said)
        envelope = opened(heard(rejected(order, version), len(self.said)))
        self.said.append(envelope)
        if not sick:
            self.refused.add((envelope.aggregate, version))

    @rule(numbers=st.lists(st.integers(0, 60), min_size=1, max_size=8))
    def hear(self, numbers: list[int]) -> None:
        """In any order, with gaps and repetitions."""
        self._apply([self.said[number % len(self.said)] for number in numbers] if self.said else [])

    @rule()
    def hear_again_from_the_beginning(self) -> None:
        self._apply(self.said)

    @rule(which=WHICH)
    def replay(self, which: int) -> None:
        """The cause of a refusal was mended, and what waits is applied."""
        aggregate = f"order/{ORDERS[which]}"
        self.refused = {each for each in self.refused if each[0] != aggregate}
        standing = self.standings[aggregate]
        standing.parked = False
        stored = [self.waiting[key] for key in sorted(self.waiting) if key[0] == aggregate]
        verdict = judge({aggregate: standing}, [], stored)
        for envelope in verdict.apply:
            del self.waiting[envelope.aggregate, envelope.version]
            self._note(envelope)

    def _apply(self, envelopes: list[Envelope]) -> None:
        batch = list({envelope.event_id: envelope for envelope in envelopes}.values())
        parked = {envelope.aggregate for envelope in batch if self.standings[envelope.aggregate].parked}
        verdict = judge(self.standings, list(self.waiting.values()), batch)
        assert not parked & {envelope.aggregate for envelope in verdict.apply}
        assert verdict.repeated + len(verdict.apply) + len(verdict.store) == len(batch) + len(verdict.drained)
        self._save(verdict)

    def _save(self, verdict: Verdict) -> None:
        for key in verdict.drained:
            del self.waiting[key]
        for envelope in verdict.store:
            self.waiting[envelope.aggregate, envelope.version] = envelope
        for envelope in verdict.apply:
            standing = self.standings[envelope.aggregate]
            standing.parked |= (envelope.aggregate, envelope.version) in self.refused
            if standing.parked:
                self.waiting[envelope.aggregate, envelope.version] = envelope
            else:
                self._note(envelope)

    def _note(self, envelope: Envelope) -> None:
        self.applied[envelope.aggregate].append(envelope.version)
        self.standings[envelope.aggregate].version = envelope.version

    @invariant()
    def each_once_and_in_order(self) -> None:
        for versions in self.applied.values():
            assert versions == list(range(1, len(versions) + 1))

    @invariant()
    def what_waits_was_not_applied(self) -> None:
        assert not any(version in self.applied[aggregate] for aggregate, version in self.waiting)

    @invariant()
    def only_what_could_not_be_applied_waits(self) -> None:
        for aggregate, version in self.waiting:
            standing = self.standings[aggregate]
            assert standing.parked or version > standing.version + 1

    def teardown(self) -> None:
        """Nothing of what is not parked is lost once all is heard."""
        self._apply(self.said)
        said = [(envelope.aggregate, envelope.version) for envelope in self.said]
        assert all(version in self.applied[aggregate] or self.standings[aggregate].parked for aggregate, version in said)


TestGate = Gate.TestCase
TestGate.settings = examples(60, steps=30)

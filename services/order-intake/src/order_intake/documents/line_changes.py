"""What a document makes of the lines of an order: each is found by the partner's own number, or by its item where that leaves no doubt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from order_intake.documents.facts import PartnerLine
from order_intake.documents.incoming import AskedLine, LineWish
from order_intake.documents.order_responses import AnswerLine, LineReason
from order_intake.documents.ordering import MOST_UNITS, factor_of, sku_of, translated, whole, words_of
from order_intake.partners import Partner


class Wanted(NamedTuple):
    """A line as it shall be, in our words."""

    sku: str
    quantity: int


class NotPossible(Exception):
    def __init__(self, reason: LineReason, text: str) -> None:
        super().__init__(text)
        self.reason, self.text = reason, text


class Lines:
    """The lines of an order by our numbers, while a document changes them: `words` are the partner's, `changed` says which line of the
    document speaks of which of ours. A number of ours never changes its item: another item is another line."""

    def __init__(self, partner: Partner, words: Mapping[int, PartnerLine], wanted: Mapping[int, Wanted], last: int) -> None:
        self.partner, self.last = partner, last
        self.words: dict[int, PartnerLine] = {}
        self.wanted: dict[int, Wanted] = {}
        self.changed: dict[int, int] = {}
        self._by_number: dict[str, dict[int, None]] = {}
        self._by_sku: dict[str, dict[int, None]] = {}
        for line_no, line in wanted.items():
            self._put(words.get(line_no, PartnerLine(line_no)), line)

    def follow(self, position: int, line: AskedLine) -> tuple[PartnerLine, AnswerLine]:
        """Do what is wished; how the answer names the line and what it says of it. Raises NotPossible."""
        if line.wish is LineWish.OTHER:
            raise NotPossible(LineReason.OTHER, f"the change {line.said[:3]} is not taken")
        if line.wish is LineWish.ADD:
            words, wanted = self._added(line)
        else:
            line_no = self._found(line)
            words, wanted = self.words[line_no], self.wanted[line_no]
            is_gone = line.wish is LineWish.DELETE or _is_emptied(line)
            if not is_gone and line.wish is not LineWish.KEEP:
                words, wanted = self._set(line, words, wanted)
            is_other = wanted.sku != self.wanted[line_no].sku
            self._take(line_no)
            if is_gone:
                return replace(words, line_no=position), AnswerLine(position, 0, 0, change=LineWish.DELETE)
            words = replace(words, line_no=self._next()) if is_other else words
        self._put(words, wanted)
        self.changed[words.line_no] = position
        return replace(words, line_no=position), AnswerLine(position, wanted.quantity, wanted.quantity, change=line.wish)

    def take_over(self, lines: Sequence[AskedLine]) -> None:
        """The order shall have these lines, which can all be translated, and no others. A line that was there keeps its number of ours:
        the one with the same number and item, else any with the item."""
        wished = [(line, Wanted(*translated(position, line, self.partner)[:2])) for position, line in enumerate(lines, 1)]
        found = [self._taken_out(self._numbered(line.number), wanted.sku) for line, wanted in wished]
        found = [no or self._taken_out(self._by_sku.get(wanted.sku, ()), wanted.sku) for no, (_, wanted) in zip(found, wished, strict=True)]
        for line_no in list(self.wanted):
            self._take(line_no)
        for position, (line_no, (line, wanted)) in enumerate(zip(found, wished, strict=True), 1):
            words = words_of(line_no or self._next(), line, self.partner)
            self.changed[words.line_no] = position
            self._put(words, wanted)

    def _taken_out(self, among: Iterable[int], sku: str) -> int:
        """The first of these with that item, which no other line can take then; 0: there is none."""
        line_no = next((no for no in among if self.wanted[no].sku == sku), 0)
        if line_no:
            self._take(line_no)
        return line_no

    def _added(self, line: AskedLine) -> tuple[PartnerLine, Wanted]:
        sku, quantity, refusal = translated(0, line, self.partner)
        if refusal:
            raise NotPossible(refusal.reason, refusal.text.partition(": ")[2])
        is_taken, is_here = bool(self._numbered(line.number)), bool(self._by_sku.get(sku))
        if is_taken and (is_here or not line.counts):
            raise NotPossible(LineReason.OTHER, "the order has a line with this number")
        if is_here and not line.number:
            raise NotPossible(LineReason.OTHER, "the item is on the order, and the new line has no number")
        said = line._replace(number="") if is_taken else line
        return words_of(self._next(), said, self.partner), Wanted(sku, quantity)

    def _found(self, line: AskedLine) -> int:
        numbered = list(self._numbered(line.number))
        fitting = numbered
        if line.items:
            fitting = [no for no in numbered if self._is_of(no, line)]
            may_be_elsewhere = line.counts or not numbered
            if not fitting and may_be_elsewhere:
                alike = self._by_sku.get(sku_of(line.items, self.partner), ())
                fitting = [no for no in alike if line.counts or not (line.number and self.words[no].number)]
            elif not fitting and line.wish is LineWish.REPLACE:
                fitting = numbered
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise NotPossible(LineReason.OTHER, "more than one line of the order is like it")
        raise NotPossible(LineReason.OTHER, "the line with this number is of another item" if numbered else "the order has no such line")

    def _set(self, line: AskedLine, words: PartnerLine, was: Wanted) -> tuple[PartnerLine, Wanted]:
        """A unit or quantity that is not said stays."""
        factor = factor_of(line.unit, self.partner) if line.unit else words.factor
        if factor is None:
            raise NotPossible(LineReason.UNIT, f"the unit {line.unit[:3]} is not agreed")
        quantity = whole(line.quantity, factor) if line.quantity else was.quantity
        if quantity is None:
            raise NotPossible(LineReason.QUANTITY, f"not a whole quantity from 0 to {MOST_UNITS}")
        if line.wish is LineWish.MORE and (not line.quantity or quantity < was.quantity):
            raise NotPossible(LineReason.QUANTITY, "an increase to less than was ordered")
        if line.wish is LineWish.LESS and (not line.quantity or quantity > was.quantity):
            raise NotPossible(LineReason.QUANTITY, "a decrease to more than was ordered")
        is_other = bool(line.items) and not _is_same(line, words, was, self.partner)
        sku, items = (sku_of(line.items, self.partner), line.items) if is_other else (was.sku, words.items)
        said = replace(words, unit=line.unit or words.unit, factor=factor, items=items, price=line.price or words.price)
        return said, Wanted(sku, quantity)

    def _is_of(self, line_no: int, line: AskedLine) -> bool:
        return _is_same(line, self.words[line_no], self.wanted[line_no], self.partner)

    def _next(self) -> int:
        self.last += 1
        return self.last

    def _numbered(self, number: str) -> Mapping[int, None]:
        return self._by_number.get(_plain(number), {}) if number else {}

    def _put(self, words: PartnerLine, wanted: Wanted) -> None:
        line_no = words.line_no
        self.words[line_no], self.wanted[line_no] = words, wanted
        self._by_sku.setdefault(wanted.sku, {})[line_no] = None
        if words.number:
            self._by_number.setdefault(_plain(words.number), {})[line_no] = None

    def _take(self, line_no: int) -> None:
        words, wanted = self.words.pop(line_no), self.wanted.pop(line_no)
        del self._by_sku[wanted.sku][line_no]
        if words.number:
            del self._by_number[_plain(words.number)][line_no]


def _plain(number: str) -> str:
    """0001 is 1."""
    return number.lstrip("0") or number


def _is_same(line: AskedLine, words: PartnerLine, wanted: Wanted, partner: Partner) -> bool:
    return sku_of(line.items, partner) == wanted.sku or not set(line.items).isdisjoint(words.items)


def _is_emptied(line: AskedLine) -> bool:
    """Its quantity is brought down to nothing."""
    is_nothing = "0" in line.quantity and not line.quantity.strip("0.,")
    return is_nothing and line.wish in (LineWish.SET, LineWish.LESS, LineWish.REPLACE)

"""What became of the tests of a change, by what the table of `proof/table.py` says of each."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Evidence:
    """Test ids by what became of them between a run without the change and one with it.

    `turned` red to green and executing the change, `kept` green and executing it, `broken` green to red, `stuck` red both times, otherwise
    than before or by a changed line; `same` red in the same way both times without executing it, or without a result both times; `barring` the same
    though they execute it: that says nothing where others turn green, and bars a pass where none does; `beside` not executing it; `left` not run,
    because the time was up; `flaky` red once and green once with the change; `disturbed` green to red, but for being watched: a trace function takes a frame of the stack, and some tests count these; `unseen` green to red twice, though nothing of the change was seen to
    be executed: another process runs it, or the test only reads it.

    Of these, `missed` are the broken ones that did not execute the change themselves, `contrary` the stuck ones that did, `raised` those of them
    whose error a changed line raised, without meaning to and not because code is unfinished; `unmoved` the barring ones that fail by what they
    themselves compare; `edited` those against a line under way that are green with what stands there.

    `halted` are those of `beside` that fail before they execute the change, `uncollected` the whole files or tests of `same` that gave no result, both times. `hidden` are tests that may have executed it where nothing could be seen: in other processes, older threads, under a tracer of their own. `harness` says what ran them.
    `own` are of those `beside` the tests that the change itself brings or alters, which execute it and are green. `wanting` are green without the change and red with it, and looked for what no container has only with it; `withheld` says in words what red tests looked for in vain, and why it is not there.

    `detail` is about the first broken, stuck or same one, or else about one that failed before it could execute anything; `tampering` says why
    none of it counts; `executed` are the numbers of the pieces that the proving tests executed; `ended_in` is the test in which the whole run came
    to its end; `is_own_test`: the change is in a test file, too, whose own tests prove nothing; `is_first`: without it pytest does not even start.
    """

    turned: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    barring: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    detail: str = ""
    tampering: str = ""
    executed: frozenset[int] = frozenset()
    contrary: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()
    unmoved: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    ended_in: str = ""
    is_own_test: bool = False
    halted: tuple[str, ...] = ()
    uncollected: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    harness: str = ""
    wanting: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    disturbed: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    is_first: bool = False

    @property
    def proving(self) -> tuple[str, ...]:
        """The tests that executed the change and are green with it."""
        return self.turned + self.kept

    @property
    def red(self) -> tuple[str, ...]:
        """The tests that fail with the change as without it, and leave nothing proved."""
        bars = () if self.turned else self.barring
        return self.stuck + bars or (() if self.turned or self.kept else self.same)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The tests that are red either way where others prove the change."""
        return self.same + self.barring

    @property
    def is_telling(self) -> bool:
        """Whether a test executed the change, or something is wrong with the run: other tests would add nothing."""
        seen = self.turned or self.kept or self.broken or self.stuck or self.barring or self.unseen or self.wanting
        return bool(seen or self.tampering)

    @property
    def is_decided(self) -> bool:
        """Whether it speaks for the change or against it, so that another run would say the same."""
        return not self.tampering and bool(
            self.broken or ((self.turned or self.kept) and not (self.red or self.left or self.unseen or self.wanting))
        )

    @property
    def run(self) -> int:
        """How many tests ran."""
        groups = (
            self.turned,
            self.kept,
            self.broken,
            self.stuck,
            self.same,
            self.barring,
            self.beside,
            self.flaky,
            self.unseen,
            self.wanting,
            self.disturbed,
        )
        return sum(map(len, groups))

    def joined(self, other: Evidence) -> Evidence:
        """This and what another batch of tests showed."""
        others = ("detail", "tampering", "executed", "ended_in", "is_own_test", "is_first", "harness")
        names = [f.name for f in fields(self) if f.name not in others]
        both = {name: getattr(self, name) + getattr(other, name) for name in names}
        first = (self, other) if self.broken or not other.broken else (other, self)
        return Evidence(
            **both,
            detail=first[0].detail or first[1].detail,
            tampering=self.tampering or other.tampering,
            executed=self.executed | other.executed,
            ended_in=self.ended_in or other.ended_in,
            is_own_test=self.is_own_test or other.is_own_test,
            is_first=self.is_first or other.is_first,
            harness=self.harness or other.harness,
        )

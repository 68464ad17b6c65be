"""Which rows of a growing file go on in time, where its clock may have been wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FEW = 10  # rows behind a jump that one earlier row takes back; more are taken back by as many


@dataclass
class Passage:
    """Rows of a block, in the order of the file.

    Attributes
    ----------
    kept, wrong : list of int
        Rows that go on, and those whose clock was wrong, as earlier rows followed them.
    late : int
        Rows that are not after an earlier one.
    back : int
        The last row to which time fell back; -1 where it did not.
    held : bool
        Whether the last kept row has jumped ahead, and none has followed it yet.
    """

    kept: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    late: int = 0
    back: int = -1
    held: bool = False


@dataclass
class Jump:
    """The last long step ahead.

    Attributes
    ----------
    before : int or None
        Tick in front of it.
    rows, earlier : int
        Rows behind it, and how many of the last ones lie within it.
    """

    before: int | None = None
    rows: int = 0
    earlier: int = 0

    def passage(self, ticks: NDArray[np.int64], last: int | None, far: float) -> Passage:
        """Rows that are after all before them, or after those in front of a jump that was none.

        Parameters
        ----------
        ticks : (n,) int64 array
        last : int or None
            Tick of the last row before them.
        far : float
            Ticks from which a step is a jump.
        """
        found = Passage()
        for row, tick in enumerate(ticks.tolist()):
            if last is not None and tick <= last and not self._falls(tick, last, far):
                found.late += 1
                continue
            if last is not None and tick <= last:
                found.back = row
                if self.rows <= FEW:
                    found.wrong += found.kept[-self.rows :]
                    del found.kept[-self.rows :]
                self.before = None
            elif last is not None and tick - last > far:
                self.before, self.rows = last, 0
            self.rows, self.earlier, last = self.rows + 1, 0, tick
            found.kept.append(row)
        found.held = self.before is not None and self.rows == 1 and bool(found.kept)
        return found

    def _falls(self, tick: int, last: int, far: float) -> bool:
        """Whether an earlier row shows that the jump was none."""
        if self.before is None or not self.before < tick < last - far:
            return False
        self.earlier += 1
        return self.rows <= FEW or self.earlier >= FEW

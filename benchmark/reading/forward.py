"""Decide which rows of a growing file continue in time, although its clock may have been wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FEW = 10  # a jump followed by at most so many rows is revoked by one earlier row, else by so many


@dataclass
class Passage:
    """The rows of a block, in the order of the file.

    Attributes
    ----------
    kept, wrong : list of int
        Rows that continue in time, and rows whose clock was wrong, because earlier times followed.
    late : int
        Number of rows that are not later than an earlier one.
    back : int
        The last row at which time fell back; -1 if it did not.
    held : bool
        True if the last kept row jumped ahead, and no row has followed yet.
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
        Tick before it.
    rows, earlier : int
        Number of rows after it, and how many of the last ones have times within it.
    """

    before: int | None = None
    rows: int = 0
    earlier: int = 0

    def passage(self, ticks: NDArray[np.int64], last: int | None, far: float) -> Passage:
        """Find the rows that are later than all before them; a jump may be revoked by earlier rows after it.

        Parameters
        ----------
        ticks : (n,) int64 array
        last : int or None
            Tick of the row before the block.
        far : float
            Steps of more ticks are jumps.
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
        """Return True if an earlier row revokes the jump."""
        if self.before is None or not self.before < tick < last - far:
            return False
        self.earlier += 1
        return self.rows <= FEW or self.earlier >= FEW

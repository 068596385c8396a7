"""Lines in the manner of TAP: one per thing that holds or does not."""

from __future__ import annotations


# A figure is there to be read; the rest of a long one is in the logs.
FIGURES_MAX = 400


class Report:
    """Prints the verdicts of one scenario; the parent process puts the numbers in front."""

    def __init__(self) -> None:
        self.failed = 0
        self.passed = 0

    def ok(self, name: str, holds: object, figures: object = "") -> bool:
        """Says that `name` holds, or does not, with the figures that it was judged by."""
        holds = bool(holds)
        self.passed += holds
        self.failed += not holds
        text = " ".join(str(figures).split())
        suffix = f" ({text[:FIGURES_MAX]})" if text else ""
        print(f"{'ok' if holds else 'not ok'} - {name}{suffix}", flush=True)
        return holds

    def same(self, name: str, got: object, expected: object) -> bool:
        """Says that `got` is `expected`; both are printed when it is not."""
        if got == expected:
            return self.ok(name, True, got)
        return self.ok(name, False, f"got {got!r}, expected {expected!r}")

    def note(self, text: str) -> None:
        """Prints something that is no verdict, like a seed or the end of a log."""
        for line in text.splitlines() or [""]:
            print(f"# {line}", flush=True)

"""Text tables and durations."""

from collections.abc import Sequence


def format_table(rows: Sequence[tuple[str, ...]], header: tuple[str, ...]) -> str:
    """Format rows under a header, in columns as wide as their content."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    text = [
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([text[0], "-" * min(max(map(len, text)), 100), *text[1:]])


def format_duration(seconds: float) -> str:
    """Format a duration in s, min or h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

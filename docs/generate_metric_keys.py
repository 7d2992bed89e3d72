"""Write the table of metric keys into docs/metrics.md: python docs/generate_metric_keys.py."""

import re
from pathlib import Path

from lightning_gan.tracking.metric_keys import KEYS, MEDIA

PAGE = Path(__file__).parent / "metrics.md"
BEGIN, END = "<!-- metric keys: begin -->", "<!-- metric keys: end -->"


def make_table() -> str:
    """Return the keys of curves and images as two Markdown tables."""
    lines = ["| key | meaning | unit | better |", "|---|---|---|---|"]
    for key in KEYS:
        meaning = key.meaning.replace("|", "\\|")
        lines.append(f"| `{key.name}` | {meaning} | {key.unit} | {key.better} |")
    lines += ["", "| images and animations | contents |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in MEDIA.items()]
    return "\n".join(lines)


def insert_table(page: str) -> str:
    """Return the text of a page with the tables between its two comments."""
    block = f"{BEGIN}\n\n{make_table()}\n\n{END}"
    return re.sub(f"{BEGIN}.*?{END}", lambda _: block, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(insert_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

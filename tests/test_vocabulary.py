"""Private words that have a standard one must not come back in code, configs, docs or flags."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = {  # old word: what to write
    "games?": "model, GAN or training",
    "players?": "network, or generator and discriminator",
    "doors?": "evaluator or interface",
    "rulers?": "baselines",
    "banks?": "sample set",
    "(?<!key)cards?": "protocol",
    "persons?": "user",
    "nobody": "no user, process or file",
    "as ever": "unchanged",
    "rooms?": "folder or package",
    "goes on": "continues",
    "passed over": "ignored",
    "whole_files": "atomic_files",
    "TwoPlayers": "AdversarialModel",
    "HeldOut": "ValidationMixin",
    "GANGiven": "ConditionalModel",
    "MaskedGAN": "InpaintingGAN",
    "CoordinatedGAN": "AdaptiveRatioGAN",
    "statistics_held": "frozen_norm_statistics",
    "shown_range": "display_range",
    "shown_generator": "eval_generator",
    "g_is_due": "generator_update_due",
    "taken_up": "truncate_run_files",
}
PATTERN = re.compile(rf"(?<![\w-])({'|'.join(WORDS)})(?![\w-])", re.IGNORECASE)
ALLOWED = {  # pattern of a file: a line of it that may hold a word
    "tests/test_vocabulary.py": "",
    "CHANGELOG.md": "",
    "RESULTS.md": "",
    "docs/*/*.ko.md": "",
    "*": r"`card`|minimax game|two-player|\"card\"|\['?\"?card",
}


def test_private_words_do_not_come_back():
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = []
    for name in files.stdout.splitlines():
        path = Path(name)
        if path.suffix not in (".py", ".md", ".yaml", ".cfg") or not (ROOT / path).is_file():
            continue
        allowed = [line for glob, line in ALLOWED.items() if path.match(glob)]
        for n, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            if (word := PATTERN.search(line)) and not any(re.search(a, line) for a in allowed):
                found.append(f"{name}:{n}: {word.group(1)}: {line.strip()[:90]}")
    assert not found, "\n".join(found)

"""Claims, verdicts and means over seeds."""

import math

from lightning_gan.studies.goodfellow2014 import CLAIMS
from lightning_gan.studies.goodfellow2014.claim import Verdict, format_over_seeds


def test_the_error_over_seeds_is_that_of_the_mean():
    error = math.sqrt(((1 - 2) ** 2 + 0 + (3 - 2) ** 2) / 2) / math.sqrt(3)
    assert format_over_seeds([1.0, 2.0, 3.0], 4, "nats") == f"2.0000 ± {error:.4f} nats (3 seeds)"


def test_one_seed_has_no_error():
    assert format_over_seeds([1.25], 2) == "1.25 (1 seed)"


def test_a_verdict_follows_from_the_criterion(subtests):
    for holds, verdict in [(True, "holds"), (False, "does not hold")]:
        with subtests.test(holds=holds, verdict=verdict):
            assert Verdict.from_bool(holds).value == verdict


def test_every_claim_has_a_unique_name_a_section_and_a_statement():
    assert len({c.name for c in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert claim.name.isidentifier()
        assert claim.section
        assert claim.statement.endswith(".") is False, f"{claim.name}: `statement` is a table cell"
        assert claim.seconds > 0
        assert claim.quick_seconds is None or claim.quick_seconds <= claim.seconds * claim.seeds

from hashlib import sha256

import pytest
import torch

from datamodules.hash_split import compute_hash_position, split_by_hash


def digests(n, first=0):
    return [sha256(f"{i}".encode()).digest() for i in range(first, first + n)]


def sizes(splits):
    return [len(splits[split]) for split in ("train", "val", "test")]


def test_the_position_of_a_file_determines_its_split_independently_of_others():
    files = digests(5_000)
    splits = split_by_hash(files, validation=0.2, test=0.1, split_seed=3)
    places = torch.tensor([compute_hash_position(digest, 3) for digest in files])
    assert sorted(splits["test"].tolist()) == (places < 0.1).nonzero().flatten().tolist()
    assert sorted(splits["train"].tolist()) == (places >= 0.1 + 0.2).nonzero().flatten().tolist()
    assert sorted(torch.cat([*splits.values()]).tolist()) == list(range(5_000))
    for indices in splits.values():
        assert torch.equal(places[indices], places[indices].sort().values)


def test_sizes_are_the_shares_within_the_documented_deviation():
    counts = torch.tensor(
        [sizes(split_by_hash(digests(1_000, 1_000 * i), split_seed=i)) for i in range(200)]
    ).double()
    spread = (1_000 * 0.1 * 0.9) ** 0.5
    assert counts[:, 1:].mean(0).sub(100).abs().max() < 4 * spread / 200**0.5
    assert (counts[:, 2].std() / spread - 1).abs() < 0.2


def test_every_split_has_a_file_if_there_are_three(subtests):
    for shares in [(0.1, 0.1), (0.01, 0.01), (0.49, 0.5), (0.01, 0.98), (0.98, 0.01)]:
        with subtests.test(shares=shares):
            for first in range(200):
                for n in (3, 4, 7):
                    splits = split_by_hash(digests(n, first), *shares)
                    assert min(sizes(splits)) >= 1
                    assert sum(sizes(splits)) == n


def test_copies_count_as_one_file():
    files = digests(3)
    splits = split_by_hash(files * 4)
    assert sizes(splits) == [4, 4, 4]
    for indices in splits.values():
        assert len({files[i % 3] for i in indices.tolist()}) == 1
    with pytest.raises(ValueError, match="2 different files cannot be split: give 3"):
        split_by_hash(files[:2] * 4)

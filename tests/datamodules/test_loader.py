import pytest
import torch

from datamodules.loader import BatchLoader, ShuffledBatchLoader

N = 23
IMAGES = torch.arange(N).to(torch.uint8).view(N, 1, 1, 1)
LABELS = torch.arange(N)


def make_shuffled(**options):
    return ShuffledBatchLoader(IMAGES, LABELS, **{"batch_size": 2, "seed": 3, **options})


def list_ids(loader):
    return [y.tolist() for _, y in loader]


def flatten(batches):
    return [index for batch in batches for index in batch]


def test_batches_are_float_images_in_0_to_1_and_their_labels():
    for x, y in [*BatchLoader(IMAGES, LABELS, 5), *make_shuffled()]:
        assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
        assert torch.equal(x.flatten(), y / 255)


def test_the_conversion_of_bytes_can_be_chosen():
    def negate(images):
        assert images.dtype == torch.uint8
        return -images.float()

    for x, y in [*BatchLoader(IMAGES, LABELS, 5, convert=negate), *make_shuffled(convert=negate)]:
        assert torch.equal(x.flatten(), -y.float())


def test_the_loader_returns_every_image_once_in_order():
    loader = BatchLoader(IMAGES, LABELS, 5)
    assert list_ids(loader) == list_ids(loader)
    assert flatten(list_ids(loader)) == list(range(N))
    assert len(loader) == len(list_ids(loader)) == 5


def test_shares_of_ranks_contain_every_image_once(subtests):
    for world_size in [2, 3, 5]:
        with subtests.test(world_size=world_size):
            shards = [
                BatchLoader(IMAGES, LABELS, 4, rank, world_size) for rank in range(world_size)
            ]
            assert flatten(flatten(list_ids(shard)) for shard in shards) == list(range(N))
            assert [len(shard) for shard in shards] == [len(list_ids(shard)) for shard in shards]
            sizes = [len(flatten(list_ids(shard))) for shard in shards]
            assert max(sizes) - min(sizes) <= 1


def test_ranks_together_use_the_batches_of_one_rank(subtests):
    for world_size in [2, 3, 5]:
        with subtests.test(world_size=world_size):
            ranks = [
                list_ids(make_shuffled(rank=rank, world_size=world_size))
                for rank in range(world_size)
            ]
            together = [flatten(parts) for parts in zip(*ranks, strict=True)]
            assert together == list_ids(make_shuffled(batch_size=2 * world_size))


def test_an_epoch_is_shuffled_without_repetition_and_drops_the_last_batch():
    loader = make_shuffled(batch_size=5)
    batches = list_ids(loader)
    assert [len(batch) for batch in batches] == [5] * 4
    assert len(loader) == 4
    assert len(set(flatten(batches))) == 20
    assert flatten(batches) != sorted(flatten(batches))


def test_the_order_depends_on_epoch_and_seed():
    loader = make_shuffled()
    first, second = list_ids(loader), list_ids(loader)
    assert first != second
    assert first != list_ids(make_shuffled(seed=4))
    assert [first, second] == [list_ids(make_shuffled()), list_ids(make_shuffled(consumed=11))]


def test_the_order_of_a_seed_never_changes():
    assert list_ids(make_shuffled())[:3] == [[16, 22], [17, 19], [14, 8]]


def test_global_random_numbers_are_not_used():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = list_ids(make_shuffled())
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    assert list_ids(make_shuffled()) == first


def test_iter_does_not_advance_the_stream():
    loader = make_shuffled()
    iter(loader), iter(loader)
    assert loader.state_dict() == {"seed": 3, "epoch": 0, "position": 0}
    assert list_ids(loader) == list_ids(make_shuffled())


def test_a_loader_continues_after_the_batches_of_its_state(subtests):
    for position in [0, 1, 10, 11, 15]:
        with subtests.test(position=position):
            whole = make_shuffled()
            stream = list_ids(whole) + list_ids(whole) + list_ids(whole)
            resumed = make_shuffled(seed=99)
            resumed.load_state_dict({"seed": 3, "epoch": 0, "position": position})
            assert list_ids(resumed) == stream[position : position + 11]


def test_a_batch_larger_than_the_data_is_an_error():
    with pytest.raises(ValueError, match=r"batch_size 12 on 2 device.* 23 training .* at most 11"):
        make_shuffled(batch_size=12, world_size=2)

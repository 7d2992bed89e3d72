import pytest
import torch

from datamodules.loader import BatchLoader, ShuffledBatchLoader

N = 23
IMAGES = torch.arange(N).to(torch.uint8).view(N, 1, 1, 1)
LABELS = torch.arange(N)


def shuffled(**options):
    return ShuffledBatchLoader(IMAGES, LABELS, **{"batch_size": 2, "seed": 3, **options})


def seen(loader):
    return [y.tolist() for _, y in loader]


def flat(batches):
    return [index for batch in batches for index in batch]


def test_batches_are_float_images_in_0_to_1_and_their_labels():
    for x, y in [*BatchLoader(IMAGES, LABELS, 5), *shuffled()]:
        assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
        assert torch.equal(x.flatten(), y / 255)


def test_what_batches_make_of_bytes_can_be_chosen():
    def negative(images):
        assert images.dtype == torch.uint8
        return -images.float()

    for x, y in [*BatchLoader(IMAGES, LABELS, 5, convert=negative), *shuffled(convert=negative)]:
        assert torch.equal(x.flatten(), -y.float())


def test_evaluation_gives_every_image_once_in_order():
    loader = BatchLoader(IMAGES, LABELS, 5)
    assert seen(loader) == seen(loader)
    assert flat(seen(loader)) == list(range(N))
    assert len(loader) == len(seen(loader)) == 5


def test_evaluation_shards_hold_every_image_once(subtests):
    for world_size in [2, 3, 5]:
        with subtests.test(world_size=world_size):
            shards = [
                BatchLoader(IMAGES, LABELS, 4, rank, world_size) for rank in range(world_size)
            ]
            assert flat(flat(seen(shard)) for shard in shards) == list(range(N))
            assert [len(shard) for shard in shards] == [len(seen(shard)) for shard in shards]
            sizes = [len(flat(seen(shard))) for shard in shards]
            assert max(sizes) - min(sizes) <= 1


def test_ranks_see_together_what_one_sees_with_the_whole_batch(subtests):
    for world_size in [2, 3, 5]:
        with subtests.test(world_size=world_size):
            ranks = [seen(shuffled(rank=rank, world_size=world_size)) for rank in range(world_size)]
            together = [flat(parts) for parts in zip(*ranks, strict=True)]
            assert together == seen(shuffled(batch_size=2 * world_size))


def test_an_epoch_is_shuffled_has_no_image_twice_and_drops_the_last_batch():
    loader = shuffled(batch_size=5)
    batches = seen(loader)
    assert [len(batch) for batch in batches] == [5] * 4
    assert len(loader) == 4
    assert len(set(flat(batches))) == 20
    assert flat(batches) != sorted(flat(batches))


def test_each_epoch_has_its_own_order_and_each_seed():
    loader = shuffled()
    first, second = seen(loader), seen(loader)
    assert first != second
    assert first != seen(shuffled(seed=4))
    assert [first, second] == [seen(shuffled()), seen(shuffled(consumed=11))]


def test_the_order_of_a_seed_never_changes():
    assert seen(shuffled())[:3] == [[16, 22], [17, 19], [14, 8]]


def test_global_random_numbers_are_neither_used_nor_moved():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = seen(shuffled())
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    assert seen(shuffled()) == first


def test_asking_for_an_iterator_does_not_move_the_stream():
    loader = shuffled()
    iter(loader), iter(loader)
    assert loader.state_dict() == {"seed": 3, "epoch": 0, "position": 0}
    assert seen(loader) == seen(shuffled())


def test_a_loader_goes_on_after_the_batches_of_its_state(subtests):
    for position in [0, 1, 10, 11, 15]:
        with subtests.test(position=position):
            whole = shuffled()
            stream = seen(whole) + seen(whole) + seen(whole)
            resumed = shuffled(seed=99)
            resumed.load_state_dict({"seed": 3, "epoch": 0, "position": position})
            assert seen(resumed) == stream[position : position + 11]


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match=r"batch_size 12 on 2 device.* 23 training .* at most 11"):
        shuffled(batch_size=12, world_size=2)

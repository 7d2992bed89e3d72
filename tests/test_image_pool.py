"""The pool of generated images, against a list."""

import torch

from lightning_gan.training.image_pool import ImagePool


def exchange_in_list(pool, size, new):
    """The released code's rule, with the draws of ImagePool."""
    replaced, slots = torch.rand(len(new)) < 0.5, torch.randint(size, (len(new),))
    returned = []
    for image, replaces, slot in zip(new, replaced, slots, strict=True):
        if len(pool) < size:
            pool.append(image)
            returned.append(image)
        elif replaces:
            returned.append(pool[slot])
            pool[slot] = image
        else:
            returned.append(image)
    return torch.stack(returned)


def test_it_returns_what_a_list_would():
    pool, kept = ImagePool([1, 2, 2], 5), []
    for i in range(12):
        new = torch.randn(3, 1, 2, 2)
        torch.manual_seed(i)
        expected = exchange_in_list(kept, 5, new)
        torch.manual_seed(i)
        torch.testing.assert_close(pool.exchange(new), expected, rtol=0, atol=0)
    torch.testing.assert_close(pool.images, torch.stack(kept), rtol=0, atol=0)


def test_a_restored_pool_continues_alike():
    pool, restored = ImagePool([2, 1, 1], 4), ImagePool([2, 1, 1], 4)
    pool.exchange(torch.randn(3, 2, 1, 1))
    restored.load_state_dict(pool.state_dict())
    new, results = torch.randn(6, 2, 1, 1), []
    for each in (pool, restored):
        torch.manual_seed(0)
        results.append(each.exchange(new))
    assert torch.equal(*results)
    assert pool.stored == restored.stored == 4


def test_a_pool_of_size_0_returns_new_images_without_a_graph():
    new = torch.randn(2, 1, 1, 1, requires_grad=True)
    returned = ImagePool([1, 1, 1], 0).exchange(new)
    assert torch.equal(returned, new)
    assert not returned.requires_grad

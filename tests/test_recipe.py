"""What makes two runs seeds of one recipe."""

import copy

from command import SMALL

from lightning_gan.tracking.config_hash import hash_config


def test_a_seed_and_a_place_are_no_part_of_it_and_everything_else_is(subtests):
    for place, value, same in [
        ("seed_everything", 7, True),
        ("run", {"root": "elsewhere"}, True),
        ("data.init_args.root", "elsewhere", True),
        ("data.init_args.batch_size", 20, False),
        ("model.init_args.k", 3, False),
        ("model.init_args.generator.init_args.widths", [9], False),
        ("trainer.max_steps", 20, False),
    ]:
        with subtests.test(place=place, value=value, same=same):
            config = copy.deepcopy(SMALL)
            section = config
            *path, last = place.split(".")
            for key in path:
                section = section[key]
            section[last] = value
            assert (hash_config(config) == hash_config(SMALL)) == same

"""The hash of a config is equal for all seeds of a recipe."""

import copy

from command import SMALL

from lightning_gan.tracking.config_hash import hash_config


def test_the_hash_ignores_seed_and_paths_only(subtests):
    for key, value, same in [
        ("seed_everything", 7, True),
        ("run", {"root": "elsewhere"}, True),
        ("data.init_args.root", "elsewhere", True),
        ("data.init_args.batch_size", 20, False),
        ("model.init_args.k", 3, False),
        ("model.init_args.generator.init_args.widths", [9], False),
        ("trainer.max_steps", 20, False),
    ]:
        with subtests.test(key=key, value=value, same=same):
            config = copy.deepcopy(SMALL)
            section = config
            *path, last = key.split(".")
            for name in path:
                section = section[name]
            section[last] = value
            assert (hash_config(config) == hash_config(SMALL)) == same

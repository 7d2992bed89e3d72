"""A GIF that grows frame by frame: the same bytes in whatever order and process the frames came."""

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_gan.plotting.animation import Animation, find_frame_offsets, save_animation
from lightning_gan.plotting.gif import choose_palette, encode_frame
from lightning_gan.utils import images

STEPS = (0, 5, 10, 15)


def frame(step, size=12):
    """Colours, other ones at each step."""
    rng = torch.Generator().manual_seed(step)
    return torch.randint(256, (3, size, size), generator=rng, dtype=torch.uint8)


@pytest.fixture
def image_bytes(tmp_path):
    return {s: images.save_image(frame(s), tmp_path / "png" / f"{s}.png") for s in STEPS}


def made(path, steps):
    animation = Animation(path)
    for step in steps:
        animation.add(step, frame(step))
    return path


def test_an_animation_has_its_frames_and_rests_on_the_last(tmp_path):
    frames = [torch.full((3, 8, 8), value, dtype=torch.uint8) for value in (0, 100, 200)]
    with Image.open(save_animation(frames, tmp_path / "x.gif")) as animation:
        assert animation.n_frames == 3
        durations = []
        for i in range(3):
            animation.seek(i)
            durations.append(animation.info["duration"])
    assert durations == [120, 120, 2400]


def test_an_animation_keeps_its_colours(tmp_path):
    frames = [torch.zeros(3, 4, 4, dtype=torch.uint8) for _ in range(2)]
    frames[0][0], frames[1][2] = 200, 90
    with Image.open(save_animation(frames, tmp_path / "a.gif")) as animation:
        colours = []
        for i in range(2):
            animation.seek(i)
            colours.append(animation.convert("RGB").getpixel((1, 1)))
    assert colours == [(200, 0, 0), (0, 0, 90)]


def test_frames_that_are_alike_are_frames_too(tmp_path):
    with Image.open(save_animation([frame(1), frame(1), frame(1)], tmp_path / "a.gif")) as film:
        assert film.n_frames == 3


def test_the_order_in_which_frames_come_does_not_matter(tmp_path_factory, subtests):
    for steps in [(0, 5, 10, 15), (15, 0, 10, 5), (5, 15, 0, 10)]:
        with subtests.test(steps=steps):
            tmp_path = tmp_path_factory.mktemp("row")
            whole = made(tmp_path / "whole.gif", STEPS).read_bytes()
            assert made(tmp_path / "other.gif", steps).read_bytes() == whole


def last_life(path, case):
    """What an earlier process left."""
    if case == "nothing":
        return
    if case == "of another program":
        Image.new("RGB", (9, 9)).save(
            path, "GIF", save_all=True, append_images=[Image.new("L", (9, 9), 7)]
        )
        return
    made(path, {"a later step": (0, 5, 7), "one is missing": (0, 10)}.get(case, (0, 5, 10)))
    content = path.read_bytes()
    if case == "cut off":
        path.write_bytes(content[:-40])
    if case == "zeros at its end":
        path.write_bytes(content[:-200] + bytes(200))
    if case == "empty":
        path.write_bytes(b"")


@pytest.mark.parametrize(
    "case",
    ["nothing", "of another program", "whole", "a later step", "one is missing", "cut off", "zeros at its end",
     "empty"],
)  # fmt: skip
def test_an_animation_that_goes_on_ends_as_the_one_never_stopped(case, tmp_path, image_bytes):
    whole = made(tmp_path / "whole.gif", STEPS).read_bytes()
    path = tmp_path / "stopped.gif"
    last_life(path, case)
    again = Animation(path)
    again.keep({step: image_bytes[step] for step in (0, 5, 10)})
    assert again.steps == [0, 5, 10]
    again.add(15, frame(15))
    assert path.read_bytes() == whole


def test_frames_that_are_there_are_not_encoded_again(tmp_path, image_bytes, monkeypatch):
    path, asked = made(tmp_path / "a.gif", (0, 5)), []
    monkeypatch.setattr(
        "lightning_gan.plotting.animation.encode_frame",
        lambda f: asked.append(f) or encode_frame(f),
    )
    Animation(path).keep(image_bytes)
    assert len(asked) == 2
    assert [place.step for place in find_frame_offsets(path)] == list(STEPS)


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path, image_bytes):
    image_bytes[5].write_bytes(b"no image")
    again = Animation(tmp_path / "a.gif")
    again.keep(image_bytes)
    assert again.steps == [0, 10, 15]


def test_the_screen_is_as_large_as_the_largest_frame(tmp_path):
    path = save_animation([frame(0, 8), frame(1, 20), frame(2, 8)], tmp_path / "a.gif")
    with Image.open(path) as film:
        assert film.size == (20, 20)


def test_all_greys_are_kept(subtests):
    for shape in [(9, 7), (8, 6)]:
        with subtests.test(shape=shape):
            x = torch.randint(256, (1, *shape), dtype=torch.uint8).expand(3, -1, -1)
            assert np.array_equal(
                np.asarray(choose_palette(x).convert("RGB")), x.permute(1, 2, 0).numpy()
            )


def test_colours_are_near_and_the_background_is_exact():
    x = torch.full((3, 64, 64), 255, dtype=torch.uint8)
    x[:, 10:50, 10:40] = torch.randint(180, 255, (3, 40, 30), dtype=torch.uint8)
    seen = torch.from_numpy(np.array(choose_palette(x).convert("RGB"))).permute(2, 0, 1)
    assert (seen[:, :10] == 255).all()
    assert (seen.float() - x.float()).abs().mean() < 4


def test_a_picture_of_doubled_pixels_stays_one():
    seen = np.array(
        choose_palette(frame(3).repeat_interleave(2, 1).repeat_interleave(2, 2)).convert("RGB")
    )
    assert all(
        np.array_equal(seen[a::2, b::2], seen[::2, ::2]) for a, b in ((0, 1), (1, 0), (1, 1))
    )

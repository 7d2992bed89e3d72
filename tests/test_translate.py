"""Command `translate`: sizes and kinds of files, bad files, and what is refused before anything is written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from image_fixtures import noise, write
from PIL import Image

from lightning_gan.checkpoints.load import load
from lightning_gan.image_files import read_file
from lightning_gan.models.image_translation import measure_layers, pad_to_multiple
from lightning_gan.networks.resnet_translator import ResNetTranslator
from lightning_gan.utils import machine_limits
from lightning_gan.utils.images import to_uint8

RESNET = ("ResNetTranslator", {"width": 2, "blocks": 1})
UNET = ("UNetTranslator", {"width": 2})
TRAINED: dict[tuple, bytes] = {}


def network(kind, **arguments):
    return {"class_path": kind, "init_args": arguments}


def config(translator, channels_a):
    """Config of a CycleGAN on tiny folders; B is in colour."""
    a, b = [channels_a, 16, 16], [3, 16, 16]
    kind, arguments = translator
    model = {
        "generator": network(
            "TranslatorPair",
            a_to_b=network(kind, input_shape=a, data_shape=b, **arguments),
            b_to_a=network(kind, input_shape=b, data_shape=a, **arguments),
        ),
        "discriminator": network(
            "DiscriminatorPair",
            of_a=network("PatchDiscriminator", data_shape=a, width=2, layers=1),
            of_b=network("PatchDiscriminator", data_shape=b, width=2, layers=1),
        ),
        "loss": "LeastSquares",
        "identity": 0.5 if channels_a == 3 else 0.0,
        "ema_half_life": 20.0,
    }
    data = {"root": "domains", "load_size": 16, "crop_size": 16, "channels_a": channels_a}
    trainer = {"accelerator": "cpu", "max_steps": 2, "callbacks": []}
    return {
        "model": network("CycleGAN", **model),
        "data": network("UnpairedFolders", **data),
        "trainer": trainer,
    }


@pytest.fixture
def trained(command):
    """Function that writes a checkpoint, which is trained once, and returns its name."""

    def make(translator=RESNET, channels_a=3):
        key = (translator[0], channels_a)
        if key not in TRAINED:
            for i, name in enumerate(("trainA", "trainB", "testA", "testB")):
                write(Path("domains") / name, 4, (16, 16), first=10 * i)
            command.write("cycle.yaml", config(translator, channels_a))
            ended = command("fit", "--config", "cycle.yaml")
            assert ended.status == 0, ended.err
            last = Path("runs/cycle/version_0/checkpoints/last.ckpt")
            assert f"translate --ckpt_path {last} --input FOLDER --out translated" in ended.out
            TRAINED[key] = last.read_bytes()
        Path("cycle.ckpt").write_bytes(TRAINED[key])
        return "cycle.ckpt"

    return make


def pixels(path):
    """Bytes of a file, [C, H, W]."""
    with Image.open(path) as image:
        array = np.asarray(image)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def expected(model, direction, array):
    """Translate the bytes of one image, [C, H, W], padded by NumPy to a multiple of 4."""
    height, width = array.shape[1:]
    padded = np.pad(array, ((0, 0), (0, -height % 4), (0, -width % 4)), mode="reflect")
    x = torch.from_numpy(padded)[None].float() * (2 / 255) - 1
    y = to_uint8(model.translate(x, direction), (-1.0, 1.0))[0]
    return y[:, :height, :width].numpy()


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_images_of_any_size_keep_their_names_sizes_and_folders(direction, trained, command):
    ckpt_path = trained()
    sizes = [(16, 16), (40, 20), (17, 30), (16, 16), (40, 20), (33, 23)]
    for i, size in enumerate(sizes):
        folder = Path("photos", "x" if i % 2 else "y/deep")
        folder.mkdir(parents=True, exist_ok=True)
        noise(*size, seed=i).save(folder / f"a.{i}.png")
    asked = ("translate", "--ckpt_path", ckpt_path, "--input", "photos", "--direction", direction)
    ended = command(*asked, "--out", "new/made")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"6 images translated {direction} (step 2) in new/made\n"
    files = [path.relative_to("photos") for path in sorted(Path("photos").rglob("*.png"))]
    assert [p.relative_to("new/made") for p in sorted(Path("new/made").rglob("*.*"))] == files
    model = load(ckpt_path)
    one_by_one = command(*asked, "--out", "single", "--batch_size", "1")
    assert one_by_one.status == 0
    for file in files:
        made = pixels("new/made" / file)
        wanted = expected(model, direction, pixels("photos" / file))
        assert made.shape == wanted.shape
        assert np.abs(made.astype(int) - wanted).max() <= 1  # batches round differently
        assert np.array_equal(pixels("single" / file), wanted)
        assert made.std() > 0


def test_the_average_of_the_weights_translates(trained, command):
    model = load(trained())
    Path("photo.tif").write_bytes(b"")
    noise(16, 16, seed=0).save("photo.tif")
    ended = command("translate", "--ckpt_path", "cycle.ckpt", "--input", "photo.tif", "--out", ".")
    assert ended.out == "1 images translated a_to_b (step 2) in .\n"
    x = torch.from_numpy(pixels("photo.tif"))[None].float() * (2 / 255) - 1
    averaged, latest = (g.a_to_b(x).detach() for g in (model.ema.module, model.generator))
    assert np.array_equal(pixels("photo.png"), to_uint8(averaged, (-1.0, 1.0))[0])
    assert not torch.equal(averaged, latest)


def save_kind(kind, path):
    """Write an image of 18 x 24 pixels, of one kind."""
    grey = noise(18, 24, seed=1, mode="L")
    colour = noise(18, 24, seed=2)
    if kind == "16-bit":
        Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(path)
    elif kind == "rotated":
        exif = Image.Exif()
        exif[274] = 6
        colour.save(path, exif=exif)
    elif kind == "transparent":
        noise(18, 24, seed=3, mode="RGBA").save(path)
    else:
        {"grey": grey, "palette": colour.quantize(9), "CMYK": colour.convert("CMYK")}[kind].save(
            path
        )


@pytest.mark.parametrize("kind", ["grey", "16-bit", "transparent", "palette", "CMYK", "rotated"])
@pytest.mark.parametrize(("direction", "mode"), [("a_to_b", "L"), ("b_to_a", "RGB")])
def test_every_kind_of_file_is_read_as_everywhere(kind, direction, mode, trained, command):
    ckpt_path = trained(channels_a=1)
    path = Path(f"one.{'tif' if kind == 'CMYK' else 'png'}")
    save_kind(kind, path)
    ended = command(
        "translate", "--ckpt_path", ckpt_path, "--input", str(path), "--out", "made",
        "--direction", direction,
    )  # fmt: skip
    assert ended.status == 0, ended.err
    array = read_file(path, lambda image: np.asarray(image.convert(mode))).image
    assert array.shape[:2] == ((18, 24) if kind == "rotated" else (24, 18))
    array = array[None] if mode == "L" else array.transpose(2, 0, 1)
    made = pixels("made/one.png")
    assert made.shape[0] == (3 if mode == "L" else 1)
    assert np.array_equal(made, expected(load(ckpt_path), direction, array))


BAD = {
    "empty": (RESNET, lambda path: path.write_bytes(b""), "(it is empty)"),
    "text": (RESNET, lambda path: path.write_text("hello"), "(it is not a PNG, "),
    "truncated": (
        RESNET,
        lambda path: path.write_bytes(Path("photos/good.png").read_bytes()[:300]),
        "(",
    ),
    "small": (
        RESNET,
        lambda path: noise(40, 15, seed=1).save(path),
        "(it has 40 x 15 pixels: give an image of at least 16 x 16)",
    ),
    "other size": (
        UNET,
        lambda path: noise(32, 32, seed=1).save(path),
        "(it has 32 x 32 pixels, but a UNetTranslator translates only the size of its training: scale it to 16 x 16)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_costs_that_file(case, trained, command):
    translator, make, problem = BAD[case]
    ckpt_path = trained(translator)
    write(Path("photos"), 2, (16, 16))
    noise(16, 16, seed=7).save("photos/good.png")
    make(Path("photos/bad.png"))
    ended = command("translate", "--ckpt_path", ckpt_path, "--input", "photos", "--out", "made")
    assert ended.status == 1
    line, last = ended.err.splitlines()
    assert line.startswith(f"photos/bad.png is not translated {problem}")
    assert last == "error: 1 of 4 files were not translated: the lines above name them."
    assert ended.out == "3 images translated a_to_b (step 2) in made\n"
    assert sorted(p.name for p in Path("made").iterdir()) == ["000.png", "001.png", "good.png"]


REFUSED = {
    "one name": ("photos", "made", (), 1, "photos/000.jpg and photos/000.png would both be written to made/000.png"),
    "missing": ("nothing", "made", (), 1, "There is no file or folder nothing"),
    "no image": ("pixels", "made", (), 1, "pixels holds no image"),
    "file": ("single", "photos/000.png", (), 1, "--out photos/000.png is a file: give a folder."),
    "inside": ("single", "single/made", (), 1, "--out single/made is inside --input single"),
    "overwritten": ("single/000.png", "single", (), 1, "single/000.png would be overwritten"),
    "direction": ("single", "made", ("--direction", "up"), 2, "must be one of a_to_b, b_to_a; got 'up'"),
    "batch": ("single", "made", ("--batch_size", "0"), 1, "batch_size is 0; give"),
    "checkpoint": ("single", "made", ("--ckpt_path", "none.ckpt"), 1, "No checkpoint at none.ckpt"),
    "memory": ("single", "made", (), 1, "2 images of 16 x 16 pixels take 0.0 GB of memory"),
    "disk": ("single", "made", (), 1, "2 images take 0.0 GB in made"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_arguments_are_refused_before_anything_is_written(case, trained, command, monkeypatch):
    source, out, more, status, words = REFUSED[case]
    ckpt_path = trained()
    write(Path("single"), 2, (16, 16))
    write(Path("photos"), 1, (16, 16))
    noise(16, 16, seed=3).save("photos/000.jpg")
    (command.folder / "pixels/note.txt").write_text("no image")
    for path in Path("pixels").rglob("*.png"):
        path.unlink()
    if case == "memory":
        monkeypatch.setattr(machine_limits, "read_memory", lambda: 50_000)
    if case == "disk":
        usage = type("Usage", (), {"free": 10})
        monkeypatch.setattr(machine_limits.shutil, "disk_usage", lambda _: usage)
    before = {p: p.read_bytes() for p in Path(".").rglob("*") if p.is_file()}
    ended = command("translate", "--ckpt_path", ckpt_path, "--input", source, "--out", out, *more)
    assert ended.status == status, ended.err
    assert words in ended.err
    assert ended.err.count("\n") <= 1
    assert {p: p.read_bytes() for p in Path(".").rglob("*") if p.is_file()} == before


def test_each_command_names_the_one_that_fits_the_checkpoint(trained, command):
    ckpt_path = trained()
    for words in (
        ("sample",),
        ("interpolate",),
        ("latent-arithmetic",),
        ("evaluate",),
        ("evaluate", "--data", "MNIST"),
    ):
        ended = command(*words, "--ckpt_path", ckpt_path)
        assert ended.status == 1
        assert "CycleGAN translates images" in ended.err
        assert "translate --ckpt_path" in ended.err
    assert command("fit", "--config", "small.yaml", "--trainer.max_steps", "1").status == 0
    last = "runs/small/version_0/checkpoints/last.ckpt"
    noise(16, 16, seed=0).save("pixels.png")
    ended = command("translate", "--ckpt_path", last, "--input", "pixels.png", "--out", "made")
    assert ended.status == 1
    assert "is a GAN, which does not translate images: generate images with" in ended.err
    assert f"`python -m lightning_gan sample --ckpt_path {last}`" in ended.err


def test_padding_repeats_pixels_where_a_reflection_is_too_long():
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    rows = pad_to_multiple(x, 5)[0, 0]
    assert rows[0].tolist() == [0, 1, 2, 1, 0]  # two more columns reflect
    assert rows[:, 0].tolist() == [0, 3, 3, 3, 3]  # three more rows do not fit
    assert pad_to_multiple(x, 1) is x


def test_the_largest_layer_is_measured_per_pixel():
    g = ResNetTranslator([1, 20, 16], [3, 20, 16], width=8, blocks=1)
    # InstanceNorm and ReLU read and write the maps of the first convolution
    assert measure_layers(g) == pytest.approx(2 * 8, rel=0.5)

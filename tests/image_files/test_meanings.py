"""The table of docs/images.md: the conversion of each kind of image in `fit`, `inspect` and `evaluate`."""

import struct
import warnings
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from datamodules import ImageFolder
from lightning_gan.cli.actions.image_report import read_contents
from lightning_gan.evaluation.image_sources import read_images
from lightning_gan.image_files import SUFFIXES, find_images, read_file

MODES = (
    "1", "L", "P", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "LA", "La", "PA",
    "I", "F", "I;16", "I;16B", "I;16L",
)  # fmt: skip
SIDE = 8
RAMP = np.tile(np.linspace(0, 255, SIDE).round().astype(np.uint8), (SIDE, 1))
LOSSY = {".jpg", ".jpeg", ".jfif", ".webp"}
NO_RANGE = {(suffix, "I") for suffix in (".tif", ".tiff")}  # integers of 32 bits


def one_image(mode, i=0):
    """Return a ramp of grey or of two colours, shifted by i columns; a quarter of it is transparent."""
    grey = np.roll(RAMP, i, axis=1)
    alpha = np.full_like(grey, 255)
    alpha[: SIDE // 4] = 0
    if mode.startswith("I;16"):
        order = ">u2" if mode.endswith("B") else "<u2"
        return Image.frombytes(
            mode, grey.shape[::-1], (grey * np.uint16(257)).astype(order).tobytes()
        )
    if mode in ("I", "F"):
        return Image.fromarray(grey * np.int32(257) if mode == "I" else grey / np.float32(255))
    if mode in ("1", "L"):
        return Image.fromarray(grey).convert(mode)
    if mode in ("LA", "La"):
        return Image.merge("LA", [*map(Image.fromarray, (grey, alpha))]).convert(mode)
    colour = np.stack([grey, grey.T, np.full_like(grey, 40 * i)], -1)
    if mode in ("RGBA", "RGBa"):
        return Image.fromarray(np.dstack([colour, alpha])).convert(mode)
    if mode in ("P", "PA"):
        return Image.fromarray(colour).quantize(256).convert(mode)
    return as_lab(colour) if mode == "LAB" else Image.fromarray(colour).convert(mode)


def as_lab(colour):
    cms = pytest.importorskip("PIL.ImageCms")
    profiles = [cms.createProfile(name) for name in ("sRGB", "LAB")]
    return cms.applyTransform(Image.fromarray(colour), cms.buildTransform(*profiles, "RGB", "LAB"))


def wanted(mode, i):
    """Return the expected bytes of a lossless file of a mode, [SIDE, SIDE, C]."""
    if mode in ("L", "I", "F", "I;16", "I;16B", "I;16L"):
        return np.roll(RAMP, i, axis=1)[..., None]
    if mode in ("LA", "RGBA"):
        values = np.asarray(one_image(mode, i))[..., :-1].copy()
        values[: SIDE // 4] = 255
        return values
    return np.atleast_3d(np.asarray(one_image(mode, i).convert("L" if mode == "1" else "RGB")))


def by_a_run(folder, channels, n):
    data = ImageFolder(str(folder), size=SIDE, channels=channels, batch_size=1)
    data.prepare_data()
    found = {
        p.numpy().tobytes() for split in ("train", "val", "test") for p in data.uint8_images(split)
    }
    assert len(found) == n
    return found


def write(folder, suffix, mode):
    """Write three images; return False if Pillow cannot, or clips their values to 8 bits."""
    if suffix in (".webp", ".gif") and mode in ("I", "F", "I;16", "I;16B", "I;16L"):
        return False
    folder.mkdir()
    try:
        for i in range(3):
            one_image(mode, i).save(folder / f"{i}{suffix}")
    except (OSError, KeyError, ValueError):
        return False
    return True


def test_every_mode_that_pillow_writes_has_the_same_bytes_for_all(tmp_path_factory, subtests):
    for suffix in SUFFIXES:
        with subtests.test(suffix=suffix):
            tmp_path = tmp_path_factory.mktemp("row")
            seen = 0
            for mode in MODES:
                folder = tmp_path / mode.replace(";", "_")
                if not write(folder, suffix, mode):
                    continue
                seen += 1
                if (suffix, mode) in NO_RANGE:
                    with pytest.raises(
                        ValueError,
                        match=r"\(32-bit and signed integers have no defined range",
                    ):
                        read_images(folder)
                    continue
                read = read_images(folder).uint8_images
                bytes_ = [p.numpy().tobytes() for p in read]
                assert by_a_run(folder, read.shape[1], 3) == {*bytes_}, mode
                assert read_contents(find_images(folder), SIDE).grey == (read.shape[1] == 1), mode
                rewritten = suffix == ".gif" or (
                    suffix in (".bmp", ".ppm", ".pgm", ".pnm") and mode == "RGBA"
                )
                if suffix not in LOSSY and not rewritten:
                    for i in range(3):
                        expected = np.broadcast_to(wanted(mode, i), (SIDE, SIDE, read.shape[1]))
                        np.testing.assert_array_equal(
                            read[i].permute(1, 2, 0), expected, err_msg=mode
                        )
            assert seen >= 4


def tiff(values, bits, photometric=1, sample_format=1):
    """Return a TIFF of one strip that Pillow cannot write."""
    data = values if isinstance(values, bytes) else values.tobytes()
    shape = {256: SIDE, 257: SIDE, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: SIDE}
    tags = {**shape, 279: len(data), 339: sample_format}
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    return head + data + struct.pack("<H", len(tags)) + rows + bytes(4)


def twelve_bits():
    values = (RAMP.astype(int) * 4095 + 127) // 255
    pairs = values.reshape(-1, 2).tolist()
    return b"".join(((a << 12) | b).to_bytes(3, "big") for a, b in pairs)


def pnm(kind, highest):
    values = (RAMP.astype(int) * highest + 127) // 255
    values = np.repeat(values, 3, 1) if kind == "P6" else values
    return f"{kind} {SIDE} {SIDE} {highest}\n".encode() + values.astype(">u2").tobytes()


ROTATED = Image.Exif()
ROTATED[0x0112] = 6  # rotated clockwise by 90 degrees
DEEP = Image.fromarray(RAMP * np.uint16(257))
FRAMES = {"save_all": True, "append_images": [Image.fromarray(255 - RAMP)], "lossless": True}
NO_36 = np.where(RAMP == 36, 255, RAMP)


def test_other_encodings_of_a_grey_ramp(tmp_path_factory, subtests):
    for name, make, expected in [
        ("16 bits, white is 0.tif", tiff(RAMP * np.uint16(257), 16, photometric=0), 255 - RAMP),
        ("8 bits, white is 0.tif", tiff(RAMP, 8, photometric=0), 255 - RAMP),
        ("floats, white is 0.tif", tiff(RAMP / np.float32(255), 32, 0, 3), 255 - RAMP),
        ("12 bits.tif", tiff(twelve_bits(), 12), RAMP),
        ("10 bits.pgm", pnm("P5", 1023), RAMP),
        ("16 bits.pgm", pnm("P5", 65535), RAMP),
        ("12 bits in colour.ppm", pnm("P6", 4095), RAMP),
        ("16 bits, turned.png", (DEEP, {"exif": ROTATED}), np.rot90(RAMP, -1)),
        ("16 bits, turned.tif", (DEEP, {"exif": ROTATED}), np.rot90(RAMP, -1)),
        (
            "turned.webp",
            (Image.fromarray(RAMP), {"exif": ROTATED, "lossless": True}),
            np.rot90(RAMP, -1),
        ),
        ("compressed.tif", (DEEP, {"compression": "tiff_lzw"}), RAMP),
        ("a transparent grey.png", (Image.fromarray(RAMP), {"transparency": 36}), NO_36),
        ("one of 16 bits.png", (DEEP, {"transparency": 36 * 257}), NO_36),
        (
            "a transparent colour.png",
            (Image.fromarray(RAMP).convert("RGB"), {"transparency": (36,) * 3}),
            NO_36,
        ),
        ("damaged EXIF.png", (Image.fromarray(RAMP), {"exif": b"Exif\0\0damaged"}), RAMP),
        ("CMYK of Adobe.jpg", (Image.fromarray(RAMP).convert("CMYK"), {"quality": 100}), RAMP),
        ("frames.png", (Image.fromarray(RAMP), FRAMES), RAMP),
        ("frames.tif", (Image.fromarray(RAMP), FRAMES), RAMP),
        ("frames.gif", (Image.fromarray(RAMP), FRAMES), RAMP),
        ("frames.webp", (Image.fromarray(RAMP), FRAMES), RAMP),
    ]:
        with subtests.test(name=name, make=make, expected=expected):
            tmp_path = tmp_path_factory.mktemp("row")
            path = tmp_path / name
            if isinstance(make, bytes):
                path.write_bytes(make)
            else:
                make[0].save(path, **make[1])
            read = read_images(tmp_path).uint8_images
            assert read.shape[1] == 1
            np.testing.assert_array_equal(read[0, 0], expected)
            assert read_file(path, lambda image: None).header.frames == name.startswith("frames")


def test_images_without_a_defined_range_are_errors_with_a_reason(tmp_path_factory, subtests):
    for content, words in [
        (
            tiff(RAMP.astype(np.uint32), 32),
            "32-bit and signed integers have no defined range",
        ),
        (tiff(RAMP.astype(np.int16), 16, sample_format=2), "32-bit and signed integers"),
        (
            tiff(RAMP.astype(np.float32), 32, sample_format=3),
            "its floats are in [0, 255]: save it with",
        ),
        (tiff(RAMP * np.float32("nan"), 32, sample_format=3), "its floats are in [nan, nan]"),
        (tiff(RAMP.astype(np.float64), 64, sample_format=3), "or a kind that Pillow cannot read"),
        (b"", "it is empty"),
        (b"GIF89a", "it is not a PNG, JPEG, WEBP, BMP, GIF, TIFF or PPM file"),
    ]:
        with subtests.test(content=content, words=words):
            tmp_path = tmp_path_factory.mktemp("row")
            (tmp_path / "a.tif").write_bytes(content)
            assert words in read_file(tmp_path / "a.tif", np.asarray).header.problem
            with pytest.raises(
                ValueError,
                match=r"a\.tif cannot be read as an image \(.*\): repair or remove it",
            ):
                read_images(tmp_path)


def test_a_profile_is_not_applied_and_is_counted(tmp_path):
    cms = pytest.importorskip("PIL.ImageCms")
    profile = cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes()
    Image.fromarray(RAMP).save(tmp_path / "a.png", icc_profile=profile)
    read = read_images(tmp_path)
    np.testing.assert_array_equal(read.uint8_images[0, 0], RAMP)
    assert read.notes == ("1 have an ICC profile, which is not applied",)


def test_a_decompression_bomb_is_an_error_without_a_warning(tmp_path_factory, subtests):
    for limit in [40, 20]:
        with subtests.test(limit=limit), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")
            Image.fromarray(RAMP).save(tmp_path / "a.png")
            monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with pytest.raises(ValueError, match=rf"more than {limit} pixels: make it smaller"):
                    read_images(tmp_path)


def test_the_digest_is_that_of_the_file(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    read = read_file(tmp_path / "a.png", np.asarray)
    assert read.digest == sha256((tmp_path / "a.png").read_bytes()).digest()

"""Search for images in folders: suffixes, links, hidden and ignored files."""

import os

import image_fixtures
import pytest

from lightning_gan.image_files import find_images


def list_names(found):
    return [str(path.relative_to(found.root)) for path in found.files]


def test_other_and_hidden_files_and_broken_links_are_counted_and_not_opened(tmp_path):
    image_fixtures.write(tmp_path / "a", 3)
    for name in (
        "a/labels.csv",
        "readme.md",
        ".DS_Store",
        "a/._0.png",
        "a/Thumbs.db",
        "desktop.ini",
    ):
        (tmp_path / name).write_text("")
    image_fixtures.write(tmp_path / ".hidden", 2)
    (tmp_path / "a" / "gone.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    found = find_images(tmp_path)
    assert list_names(found) == ["a/000.png", "a/001.png", "a/002.png"]
    assert (found.classes, found.others, found.hidden, found.broken) == (("a",), 3, 5, 1)
    assert found.ignored == "other files 3, hidden 5, broken links 1"


def test_suffixes_in_any_case_and_folders_named_like_images(tmp_path):
    inside = tmp_path / "x.png"
    inside.mkdir()
    suffixes = [
        "PNG",
        "jpg",
        "jpeg",
        "jfif",
        "webp",
        "bmp",
        "gif",
        "tif",
        "TIFF",
        "ppm",
        "pgm",
        "pnm",
    ]
    for suffix in suffixes:
        (inside / f"a.{suffix}").write_text("")
    (inside / "a.heic").write_text("")
    found = find_images(tmp_path)
    assert (found.classes, len(found.files), found.others) == (("x.png",), len(suffixes), 1)


def test_linked_folders_and_files_are_followed_once_and_loops_end(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    image_fixtures.write(root / "a", 2)
    image_fixtures.write(outside / "deep", 3)
    (outside / "deep" / "loop").symlink_to(outside)
    (root / "a" / "more").symlink_to(outside)
    (root / "a" / "file.png").symlink_to(outside / "deep" / "000.png")
    for name, target in (
        ("b", outside),
        ("c", root / "a"),
        ("d", tmp_path),
        ("e", root),
        ("f", "e"),
    ):
        (root / name).symlink_to(target)
    found = find_images(root)
    deep = [f"a/more/deep/00{i}.png" for i in range(3)]
    assert list_names(found) == ["a/000.png", "a/001.png", "a/file.png", *deep]
    assert (found.classes, found.repeated) == (("a",), 6)
    assert find_images(root / "b").files  # the root itself may be a link


def test_the_error_of_a_folder_without_images_says_what_it_holds(tmp_path):
    for name in ("a.heic", "b.heic", ".c.png"):
        (tmp_path / name).write_text("")
    with pytest.raises(
        ValueError, match=r"only other files 2, hidden 1 \(\.heic 2\): give a folder"
    ):
        find_images(tmp_path)

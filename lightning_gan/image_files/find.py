"""Search for the image files of a folder."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lightning_gan.image_files.names import SUFFIXES, is_hidden, is_image_file, to_printable
from lightning_gan.utils.errors import UserError


@dataclass(frozen=True)
class FoundImages:
    """Image files of a folder, and counts of ignored entries.

    Attributes:
        root: Path of the folder.
        classes: Sorted names of the sub-folders with images; empty if the folder itself holds the images.
        files: Image files, sorted by class and name.
        labels: Index of each file's class; 0 without classes.
        others: Number of other files.
        hidden: Number of hidden files and folders, and of system files of Windows.
        broken: Number of broken links.
        repeated: Number of linked folders that are not followed, because their target is read already or contains a
            folder that is read.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    labels: tuple[int, ...]
    others: int = 0
    hidden: int = 0
    broken: int = 0
    repeated: int = 0

    @property
    def ignored(self) -> str:
        """Counts of ignored entries as text, such as `other files 3, hidden 1`; empty if there are none."""
        counts = {
            "other files": self.others,
            "hidden": self.hidden,
            "broken links": self.broken,
            "linked folders already read": self.repeated,
        }
        return ", ".join(f"{name} {n:,}" for name, n in counts.items() if n)


@dataclass
class _Walk:
    """Walk through folders that reads each folder once, even if links lead to it.

    Attributes:
        top: Real path of the first folder.
        visited: Device and inode of the folders read so far.
        counts: Numbers of ignored entries by kind.
        suffixes: Numbers of other files by suffix.
    """

    top: str
    visited: set[tuple[int, int]] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    suffixes: Counter[str] = field(default_factory=Counter)

    def entries(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the sorted paths of image files and folders directly in a folder; empty lists the second time."""
        files: list[str] = []
        folders: list[str] = []
        state = os.stat(folder)
        if (state.st_dev, state.st_ino) in self.visited:
            self.counts["repeated"] += 1
            return files, folders
        self.visited.add((state.st_dev, state.st_ino))
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            kind = self._kind(entry)
            if kind == "file":
                files.append(entry.path)
            elif kind == "folder":
                folders.append(entry.path)
            else:
                self.counts[kind] += 1
        return files, folders

    def _kind(self, entry: os.DirEntry[str]) -> str:
        """Return "file", "folder", or the kind of an ignored entry; pipes and devices are not opened."""
        if is_hidden(entry.name):
            return "hidden"
        if entry.is_dir():
            leads_back = entry.is_symlink() and self._leads_back(entry.path)
            return "repeated" if leads_back else "folder"
        if entry.is_file() and is_image_file(entry.name):
            return "file"
        if entry.is_symlink() and not os.path.exists(entry.path):
            return "broken"
        self.suffixes[os.path.splitext(entry.name)[1].lower() or "no suffix"] += 1
        return "others"

    def _leads_back(self, link: str) -> bool:
        """Return whether a link leads into the first folder, or to a folder that contains it."""
        real = os.path.realpath(link)
        return _contains(self.top, real) or _contains(real, self.top)

    def below(self, folder: str) -> Iterator[str]:
        """Yield the image files in a folder and in all folders below it."""
        waiting = [folder]
        while waiting:
            files, folders = self.entries(waiting.pop())
            yield from files
            waiting += reversed(folders)


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def find_images(root: Path) -> FoundImages:
    """Find the image files of a folder by suffix, directly in it or in its sub-folders at any depth.

    Linked files are read. A linked folder is followed once, unless its target is read anyway or contains a folder
    that is read. Hidden files, pipes and other special files are not opened.

    Args:
        root: Folder with images, or with a sub-folder of images for each class.

    Raises:
        FileNotFoundError: If the folder does not exist.
        NotADirectoryError: If it is a file.
        ValueError: If it holds no image, or holds images both directly and in sub-folders.
    """
    if not root.exists():
        raise FileNotFoundError(
            f"There is no folder {to_printable(root)}: give one that holds images."
        )
    if not root.is_dir():
        raise NotADirectoryError(
            f"{to_printable(root)} is a file: give a folder that holds images."
        )
    walk = _Walk(os.path.realpath(root))
    own, folders = walk.entries(str(root))
    below = {os.path.basename(folder): sorted(walk.below(folder)) for folder in folders}
    classes = {name: files for name, files in below.items() if files}
    if own and classes:
        raise UserError(
            f"{to_printable(root)} holds {len(own):,} images besides the folders "
            f"{', '.join(map(to_printable, classes))}: move each image to the folder of its class, or all images to "
            f"one folder."
        )
    files = own or [path for part in classes.values() for path in part]
    if not files:
        raise UserError(_describe_empty(root, walk))
    labels = [i for i, part in enumerate(classes.values()) for _ in part] or [0] * len(files)
    return FoundImages(
        root, tuple(classes), tuple(map(Path, files)), tuple(labels), **dict(walk.counts)
    )


def _describe_empty(root: Path, walk: _Walk) -> str:
    ignored = FoundImages(root, (), (), (), **dict(walk.counts)).ignored or "nothing"
    kinds = ", ".join(f"{to_printable(suffix)} {n:,}" for suffix, n in walk.suffixes.most_common(5))
    return (
        f"{to_printable(root)} holds no image ({', '.join(SUFFIXES)}), only "
        f"{ignored}{f' ({kinds})' if kinds else ''}: give a folder with images, directly or in a sub-folder for each "
        f"class."
    )

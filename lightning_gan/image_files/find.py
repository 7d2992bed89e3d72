"""Find the image files of a folder."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lightning_gan.image_files.names import SUFFIXES, is_hidden, is_image_file, to_printable
from lightning_gan.utils.errors import UserError


@dataclass(frozen=True)
class FoundImages:
    """The image files of a folder, and what else lies there.

    Attributes:
        root: The folder.
        classes: Sorted names of its sub-folders that hold images; empty if the folder holds them itself.
        files: Image files, sorted by class and name.
        labels: Index of each file's class; 0 without classes.
        others: Number of other files, which are ignored.
        hidden: Number of hidden files and folders and of Windows' own files, which are ignored.
        broken: Number of links that lead nowhere.
        repeated: Number of linked folders that are not followed, because they lead to a folder that is read already
            or to one that contains it.
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
    def passed_over(self) -> str:
        """The files that are ignored, as text: `others 3, hidden 1`; empty if there are none."""
        counts = {
            "other files": self.others,
            "hidden": self.hidden,
            "broken links": self.broken,
            "linked folders already read": self.repeated,
        }
        return ", ".join(f"{name} {n:,}" for name, n in counts.items() if n)


@dataclass
class _Walk:
    """Walks folders; each folder once, whatever links lead to it.

    Attributes:
        top: Real path of the folder where the walk begins.
        visited: Device and inode of the folders that were read.
        counts: Files and links that were passed over, by kind.
        suffixes: Suffixes of the other files.
    """

    top: str
    visited: set[tuple[int, int]] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    suffixes: Counter[str] = field(default_factory=Counter)

    def entries(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the sorted paths of image files and of folders directly in a folder; nothing the second time."""
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
        """Return "file", "folder", or the kind of what is passed over; pipes and devices are never opened."""
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
        """Return whether a link leads into the folder where the walk begins, or to one that contains it."""
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
    """Find the image files of a folder by their suffix: its own, or those of its sub-folders at any depth.

    Linked files are read. A linked folder is followed once, unless it leads to a folder that is read anyway or that
    contains one. Hidden files, pipes and other special files are never opened.

    Args:
        root: Folder with images, or with a sub-folder of images for each class.

    Raises:
        FileNotFoundError: if there is no such folder.
        NotADirectoryError: if it is a file.
        ValueError: if it holds no image, or some in itself and some in sub-folders.
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
            f"{to_printable(root)} holds {len(own):,} images beside the folders "
            f"{', '.join(map(to_printable, classes))}: "
            f"put each of them into the folder of its class, or all images into one folder."
        )
    files = own or [path for part in classes.values() for path in part]
    if not files:
        raise UserError(_nothing(root, walk))
    labels = [i for i, part in enumerate(classes.values()) for _ in part] or [0] * len(files)
    return FoundImages(
        root, tuple(classes), tuple(map(Path, files)), tuple(labels), **dict(walk.counts)
    )


def _nothing(root: Path, walk: _Walk) -> str:
    passed = FoundImages(root, (), (), (), **dict(walk.counts)).passed_over or "nothing"
    kinds = ", ".join(f"{to_printable(suffix)} {n:,}" for suffix, n in walk.suffixes.most_common(5))
    return (
        f"{to_printable(root)} holds no image ({', '.join(SUFFIXES)}), only "
        f"{passed}{f' ({kinds})' if kinds else ''}: "
        f"give a folder that holds some, in itself or in a sub-folder for each class."
    )

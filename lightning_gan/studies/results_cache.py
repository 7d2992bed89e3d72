"""One row for each finished seed, kept on disk: what was measured once is not measured again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

Row = dict[str, Any]


def cached_result(path: Path, key: str, measure: Callable[[], Row]) -> Row:
    """The row of this key in a JSON file; measured now, and added in one step, if it is not there.

    Args:
        path: of the file; it is made.
        key: everything that the row depends on, such as "k=2 updates=4000 seed=7".
        measure: gives plain values.

    Raises:
        ValueError: if the file is no JSON object.
    """
    rows = read_cached_rows(path)
    if key not in rows:
        row = measure()
        rows = read_cached_rows(path) | {
            key: row
        }  # another process may have added its own meanwhile
        with atomic_write(path) as beside:
            beside.write_text(json.dumps({KEY: FORMAT, **rows}, indent=1) + "\n", encoding="utf-8")
    return rows[key]


def read_cached_rows(path: Path) -> dict[str, Row]:
    """All rows of a JSON file by their keys; none if there is no file.

    Raises:
        ValueError: if the file is no JSON object, or another version of this suite wrote it.
    """
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        rows = None
    if not isinstance(rows, dict):
        raise UserError(
            f"{path} is no file of finished seeds: delete it, and they are measured again."
        )
    check_format(rows, path)
    del rows[KEY]
    return rows

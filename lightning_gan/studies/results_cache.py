"""Cache of results in a JSON file, with one row for each finished run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

CachedRow = dict[str, Any]


def cached_result(path: Path, key: str, measure: Callable[[], CachedRow]) -> CachedRow:
    """Return the row of a key; compute it and add it to the file if it is missing.

    Args:
        path: JSON file, created if missing.
        key: Description of everything that the row depends on, such as "k=2 updates=4000 seed=7".
        measure: Function that computes the row from plain JSON values.

    Raises:
        UserError: If the file is damaged, or another version of this suite wrote it.
    """
    rows = read_cached_rows(path)
    if key not in rows:
        row = measure()
        # read again: another process may have added rows
        rows = read_cached_rows(path) | {key: row}
        with atomic_write(path) as temporary:
            temporary.write_text(
                json.dumps({KEY: FORMAT, **rows}, indent=1) + "\n", encoding="utf-8"
            )
    return rows[key]


def read_cached_rows(path: Path) -> dict[str, CachedRow]:
    """Read all rows of a JSON file by their keys; a missing file has no rows.

    Raises:
        UserError: If the file is damaged, or another version of this suite wrote it.
    """
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        rows = None
    if not isinstance(rows, dict):
        raise UserError(f"{path} is not a results file: delete it to run its seeds again.")
    check_format(rows, path)
    del rows[KEY]
    return rows

"""How a checkpoint is written to the disk."""

import io
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from lightning_gan.utils.atomic_files import atomic_write


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside in the target's own folder, to the disk, and renames.

    Lightning writes to the system's folder for temporary files and moves from there, which is no single step where
    that is another file system.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write the file, or leave the one that is there.

        Raises:
            OSError: if there is no room; torch's own writer would raise what says nothing of it.
        """
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with atomic_write(Path(path)) as beside:
            beside.write_bytes(content.getbuffer())

"""Atomic writing of Lightning checkpoints."""

import io
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from lightning_gan.utils.atomic_files import atomic_write


class AtomicCheckpointIO(TorchCheckpointIO):
    """Checkpoint plugin that writes a temporary file in the target's folder, flushes it and renames it.

    Lightning writes to the system's temporary folder and moves the file from there, which is not atomic between two
    file systems.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint; on failure an existing file stays unchanged.

        Args:
            checkpoint: Content of the file.
            path: Output file.
            storage_options: Not used.

        Raises:
            OSError: If the file cannot be written, such as on a full disk. The content is serialized in memory first,
                because the error of torch's own file writer does not name the cause.
        """
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with atomic_write(Path(path)) as temporary:
            temporary.write_bytes(content.getbuffer())

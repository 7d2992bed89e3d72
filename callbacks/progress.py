"""Progress of training: a bar on a terminal, or a line of text per interval in a log file."""

import sys
import time

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar
from tqdm import tqdm

from lightning_gan.arguments import NonNegative, check_arguments

SHOWN = {"d": "train/d_loss", "g": "train/g_loss", "D(x)": "train/d_x", "D(G(z))": "train/d_gz"}


class Progress(ProgressBar):
    """Progress callback that shows steps, losses, D(x), D(G(z)), speed and remaining time.

    Args:
        seconds: Time between two lines in a log file, in seconds, at least 0.
    """

    @check_arguments
    def __init__(self, seconds: NonNegative = 15.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.bar: tqdm | None = None
        self.off = False

    def disable(self) -> None:
        """Turn the output off; Lightning calls this on all ranks except 0."""
        self.off = True

    def enable(self) -> None:
        """Turn the output on."""
        self.off = False

    def print(self, *args: object, **kwargs: object) -> None:
        """Print a line above the bar."""
        if not self.off:
            tqdm.write(" ".join(map(str, args)), file=sys.stdout)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock and the bar."""
        self.total = trainer.max_steps if trainer.max_steps > 0 else None
        self.began, self.first = time.monotonic(), trainer.global_step
        self.printed = self.began
        if sys.stderr.isatty() and not self.off:
            self.bar = tqdm(total=self.total, initial=self.first, unit="step", dynamic_ncols=True)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Update the bar, or print a line every `seconds` seconds."""
        if self.off:
            return
        if self.bar is not None:
            if (new := trainer.global_step - self.bar.n) > 0:
                self.bar.update(new)
                self.bar.set_postfix(self.format_metrics(trainer), refresh=False)
        elif time.monotonic() - self.printed > self.seconds:
            self.printed = time.monotonic()
            print(self.format_line(trainer), flush=True)

    def format_metrics(self, trainer: Trainer) -> dict[str, str]:
        """Return the latest logged values of `SHOWN` as text."""
        values = trainer.callback_metrics
        return {name: f"{float(values[key]):.3f}" for name, key in SHOWN.items() if key in values}

    def format_line(self, trainer: Trainer) -> str:
        """Return step, metrics, speed and remaining time as one line."""
        step, elapsed = trainer.global_step, time.monotonic() - self.began
        speed = (step - self.first) / elapsed
        metrics = "  ".join(f"{key} {value}" for key, value in self.format_metrics(trainer).items())
        left = f"  {_format_time((self.total - step) / speed)} left" if self.total and speed else ""
        total = f"/{self.total}" if self.total else ""
        return f"step {step}{total}  {metrics}  {speed:.1f} steps/s{left}"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the bar and print the duration."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        if not self.off:
            duration = _format_time(time.monotonic() - self.began)
            print(f"{self.format_line(trainer)}; trained for {duration}", flush=True)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()


def _format_time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

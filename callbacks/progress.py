"""How far a run is: a bar on a terminal, one plain line per interval in a log file."""

import sys
import time

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar
from tqdm import tqdm

from lightning_gan.arguments import NonNegative, check_arguments

SHOWN = {"d": "train/d_loss", "g": "train/g_loss", "D(x)": "train/d_x", "D(G(z))": "train/d_gz"}


class Progress(ProgressBar):
    """Steps, both losses, D's two answers, speed and time left.

    Args:
        seconds: between two lines in a log file, at least 0.
    """

    @check_arguments
    def __init__(self, seconds: NonNegative = 15.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.bar: tqdm | None = None
        self.off = False

    def disable(self) -> None:
        """Say nothing (Lightning calls this on all processes but the first)."""
        self.off = True

    def enable(self) -> None:
        """Say something again."""
        self.off = False

    def print(self, *args: object, **kwargs: object) -> None:
        """Write a line above the bar."""
        if not self.off:
            tqdm.write(" ".join(map(str, args)), file=sys.stdout)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The clock starts."""
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
        """A bar moves at every step; a line is written when it is due."""
        if self.off:
            return
        if self.bar is not None:
            if (new := trainer.global_step - self.bar.n) > 0:
                self.bar.update(new)
                self.bar.set_postfix(self.numbers(trainer), refresh=False)
        elif time.monotonic() - self.printed > self.seconds:
            self.printed = time.monotonic()
            print(self.line(trainer), flush=True)

    def numbers(self, trainer: Trainer) -> dict[str, str]:
        """The four numbers of the model, as they were last logged."""
        values = trainer.callback_metrics
        return {name: f"{float(values[key]):.3f}" for name, key in SHOWN.items() if key in values}

    def line(self, trainer: Trainer) -> str:
        """Where the run is now."""
        step, spent = trainer.global_step, time.monotonic() - self.began
        speed = (step - self.first) / spent
        numbers = "  ".join(f"{name} {value}" for name, value in self.numbers(trainer).items())
        left = f"  {_clock((self.total - step) / speed)} left" if self.total and speed else ""
        whole = f"/{self.total}" if self.total else ""
        return f"step {step}{whole}  {numbers}  {speed:.1f} steps/s{left}"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The clock stops."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        if not self.off:
            print(
                f"{self.line(trainer)}; trained for {_clock(time.monotonic() - self.began)}",
                flush=True,
            )

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave the terminal as it was."""
        if self.bar is not None:
            self.bar.close()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

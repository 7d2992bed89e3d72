"""Command `inspect`: its report, and that `fit` runs its config."""

from hashlib import sha256

import image_fixtures
import pytest
import yaml
from PIL import Image

from datamodules.hash_split import split_by_hash
from lightning_gan.cli.actions import image_report


@pytest.fixture
def folder(command):
    """Folder of 40 small images of two classes and two sizes, and one other file."""
    mine = command.folder / "mine"
    image_fixtures.write(mine / "cats", 25, size=(60, 40))
    image_fixtures.write(mine / "dogs", 15, size=(32, 48), first=100)
    (mine / "notes.txt").write_text("no image")
    return mine


def counts(folder):
    """Sizes of the splits of all images in a folder, as in training."""
    files = [path.read_bytes() for path in folder.rglob("*.png")]
    return [len(part) for part in split_by_hash([sha256(file).digest() for file in files]).values()]


def test_the_report_describes_the_files_and_the_resulting_data(command, folder):
    image_fixtures.noise(60, 40, 3).save(folder / "cats" / "again.png")  # as 003.png is
    image_fixtures.noise(900, 33, 1, mode="L").save(folder / "dogs" / "grey.png")
    ended = command("inspect", "mine")
    assert ended.status == 0, ended.err
    train, val, test = counts(folder)
    for line in (
        "mine: 42 images; ignored: other files 1",
        "cats   26",
        "dogs   16",
        "sizes      32 x 48 smallest, 60 x 40 median, 900 x 33 largest; 0 below 32 pixels",
        "modes      RGB 41, L 1; in colour",
        "copies     1 equal an earlier image",
        "unreadable 0",
        "result     colour images, 32 x 32",
        f"{train} train, {val} validation, {test} test; split by a hash of each file",
    ):
        assert line in ended.out
    assert "written" not in ended.out


def test_fit_runs_the_config_that_it_writes(command, folder):
    ended = command("inspect", "mine", "--size", "28", "--out", "mine.yaml")
    assert ended.status == 0, ended.err
    assert ended.out.endswith("python -m lightning_gan fit --config mine.yaml\n")
    ended = command(
        "fit", "--config", "mine.yaml", "--trainer.max_steps", "2", "--trainer.accelerator", "cpu"
    )
    assert ended.status == 0, ended.err
    train, val, test = counts(folder)
    assert f"28x28 colour images, 2 classes: {train} train, {val} val, {test} test" in ended.out
    assert "step 2/2" in ended.out
    assert "test/value" in ended.out
    run = command.folder / "runs" / "mine" / "version_0"
    with Image.open(run / "images" / "samples" / "step_0000002.png") as samples:
        assert samples.mode == "RGB"


def test_samples_are_evaluated_against_the_images_of_the_run(command, folder):
    for one_image in folder.rglob("*.png"):
        with Image.open(one_image) as image:
            image.convert("L").save(one_image)
    assert command("inspect", "mine", "--size", "28", "--out", "mine.yaml").status == 0
    short = ("--trainer.max_steps", "2", "--trainer.accelerator", "cpu")
    assert command("fit", "--config", "mine.yaml", *short).status == 0
    asked = ("--num_samples", "12", "--metrics", "fid", "--features", "tiny_features.TinySpace")
    ended = command("evaluate", "--ckpt_path", "runs/mine/version_0/checkpoints/last.ckpt", *asked)
    assert ended.status == 0, ended.err
    assert (
        f"12 samples (average of G, seed 0) and {counts(folder)[2]} mine test images" in ended.out
    )
    asked = ("--num_samples", "12", "--metrics", "fid")
    ended = command("evaluate", "--samples", "mine/cats", "--data", "other.yaml", *asked)
    assert ended.err.startswith("error: There is no config other.yaml: ")


def test_grayscale_images_get_a_grayscale_config_and_small_ones_are_enlarged(command):
    image_fixtures.write(command.folder / "mine", 6, size=(20, 40), mode="L")
    ended = command("inspect", "mine", "--out", "new/mine.yaml")
    assert "6 below 32 pixels" in ended.out
    assert "all grayscale" in ended.out
    assert "no sub-folders: no labels" in ended.out
    written = yaml.safe_load((command.folder / "new" / "mine.yaml").read_text())
    data = written["data"]["init_args"]
    batch = counts(command.folder / "mine")[0]
    assert (data["channels"], data["enlarge"], data["batch_size"]) == (1, True, batch)
    assert written["model"]["init_args"]["generator"]["init_args"]["data_shape"] == [1, 32, 32]


def test_any_name_of_a_folder_can_be_written(command):
    name = 'l\'été: "2" # {size}'
    image_fixtures.write(command.folder / name, 6)
    ended = command("inspect", name, "--out", "mine.yaml")
    assert ended.status == 0, ended.err
    written = yaml.safe_load((command.folder / "mine.yaml").read_text())
    assert written["data"]["init_args"]["root"] == str(command.folder / name)


def test_unreadable_files_are_listed_and_no_config_is_written(command, folder, monkeypatch):
    monkeypatch.setattr(image_report, "LISTED", 2)
    for path in sorted((folder / "cats").iterdir())[:3]:
        path.write_bytes(path.read_bytes()[:900])
    ended = command("inspect", "mine", "--out", "mine.yaml")
    assert ended.status == 1
    assert "unreadable 3\n" in ended.out
    assert "mine/cats/001.png (image file is truncated" in ended.out
    assert "002.png" not in ended.out
    assert "           and 1 more\n" in ended.out
    assert "after the unreadable files are repaired or removed" in ended.out
    assert "3 of 40 files cannot be read, such as mine/" in ended.err
    assert not (command.folder / "mine.yaml").exists()


def test_a_folder_of_unreadable_files_gives_no_data(command):
    (command.folder / "mine").mkdir()
    (command.folder / "mine" / "a.png").write_text("no image")
    ended = command("inspect", "mine")
    assert ended.status == 0, ended.err
    assert "result     none: at least 3 readable and different images are needed" in ended.out


def test_wrong_arguments_are_one_sentence(command, folder, subtests):
    for arguments, message in [
        (["gone"], "There is no folder gone: give one that holds images"),
        (["mine", "--size", "0"], "size is 0; give a whole number"),
        (["mine", "--size", "30", "--out", "x.yaml"], "images of side 28, 32, 64, not 30"),
        (["mine", "--out", "small.yaml"], "small.yaml exists and is not overwritten"),
        (["mine", "more"], "'more' is one argument too many"),
        ([], "Required arguments are missing: give FOLDER."),
    ]:
        with subtests.test(arguments=arguments, message=message):
            before = (command.folder / "small.yaml").read_bytes()
            ended = command("inspect", *arguments)
            assert ended.status != 0
            assert message in ended.err
            assert len(ended.err.strip().splitlines()) == 1
            assert (command.folder / "small.yaml").read_bytes() == before


def test_a_resumed_run_checks_the_name_of_its_folder(command, folder):
    command("inspect", "mine", "--out", "mine.yaml")
    narrow = [f"--model.{network}.init_args.width=2" for network in ("generator", "discriminator")]
    common = ("fit", "--config", "mine.yaml", "--trainer.accelerator", "cpu", *narrow)
    assert command(*common, "--trainer.max_steps", "1").status == 0
    ended = command("fit", "--ckpt_path", "last", *common[1:], "--trainer.max_steps", "2")
    assert ended.status == 0, ended.err
    image_fixtures.write(command.folder / "other", 40)
    ended = command(
        *common, "--ckpt_path", "last", "--data.root", "other", "--trainer.max_steps", "3"
    )
    assert ended.status == 1
    assert "was trained on mine, but the present data are other" in ended.err

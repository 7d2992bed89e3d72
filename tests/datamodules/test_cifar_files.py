"""CIFAR-10's files: search, verification, pickles that are not executed, downloads."""

import io
import os
import pickle
import re
import tarfile

import pytest
import torch
from tiny_cifar import NAMES, add, binary, expecting, md5, packed, pickled, tiny_batches

from datamodules import CIFAR10, cifar10, cifar_files, cifar_pickle
from datamodules.cifar_files import Archive, BatchFile, read_members

BATCHES = tiny_batches()
BINARY, PICKLED, ARCHIVE = "cifar-10-batches-bin", "cifar-10-batches-py", "cifar-10-binary.tar.gz"
FORMATS = {
    "binary": {f"{BINARY}/{name}.bin": binary(batch) for name, batch in BATCHES.items()},
    "binary in root": {f"{name}.bin": binary(batch) for name, batch in BATCHES.items()},
    "archive": {ARCHIVE: packed(BATCHES)},
    "pickled": {f"{PICKLED}/{name}": pickled(batch) for name, batch in BATCHES.items()},
    "pickled in root": {name: pickled(batch) for name, batch in BATCHES.items()},
}


@pytest.fixture
def make(tmp_path):
    """Return a factory of data modules that expect the tiny files; the official address is a file."""
    url = (tmp_path / "official" / ARCHIVE).as_uri()
    kind = type("Tiny", (CIFAR10,), expecting(BATCHES, FORMATS["archive"][ARCHIVE], url))
    return lambda **options: kind(**{"root": str(tmp_path), "validation": 10, **options})


def put(folder, files):
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)


def is_tiny(data):
    train = torch.cat([BATCHES[name] for name in NAMES[:5]])
    image_bytes = torch.cat([data.uint8_images(split) for split in ("train", "val")])
    labels = torch.cat([data.labels(split) for split in ("train", "val")])
    tested = torch.cat([data.labels("test")[:, None], data.uint8_images("test").flatten(1)], dim=1)
    return (
        torch.equal(image_bytes.flatten(1), train[:, 1:])
        and torch.equal(labels, train[:, 0].long())
        and torch.equal(tested, BATCHES["test_batch"].long())
    )


@pytest.mark.parametrize("files", FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_same_images(make, tmp_path, files):
    put(tmp_path, files)
    data = make(source="files")
    data.setup()
    assert is_tiny(data)
    place = next(iter(files))
    where = tmp_path / place if place == ARCHIVE else (tmp_path / place).parent
    assert f"from the files in {where}, each checked" in data.provenance


def test_formats_may_be_mixed_and_binary_files_have_priority(make, tmp_path):
    put(tmp_path, FORMATS["archive"])
    put(tmp_path, dict(list(FORMATS["binary"].items())[:3]))
    put(tmp_path, {f"{PICKLED}/data_batch_1": b"is not read"})
    data = make(source="files")
    data.setup()
    assert is_tiny(data)
    assert f"{BINARY} and {tmp_path / ARCHIVE}" in data.provenance


def test_numpy_reads_the_generated_pickle():
    batch = pickle.loads(pickled(BATCHES["test_batch"]), encoding="latin1")
    assert (batch["data"] == BATCHES["test_batch"][:, 1:].numpy()).all()
    assert batch["labels"] == BATCHES["test_batch"][:, 0].tolist()


def flip(raw):
    return raw[:500] + bytes([raw[500] ^ 1]) + raw[501:]


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_broken_link(path):
    path.unlink()
    path.symlink_to(path.parent / "gone")


PAGE = b"\n<!DOCTYPE html><p>404"
PLACES = {
    "binary": f"{BINARY}/data_batch_2.bin",
    "archive": ARCHIVE,
    "pickled": f"{PICKLED}/data_batch_2",
}
BAD = {
    "empty": (lambda p: p.write_bytes(b""), "is empty"),
    "cut off": (lambda p: p.write_bytes(p.read_bytes()[:-9]), r"is cut off: [\d,]+ bytes instead"),
    "too long": (lambda p: p.write_bytes(p.read_bytes() + b"!"), r"is too long: [\d,]+ bytes instead"),
    "flipped bit": (lambda p: p.write_bytes(flip(p.read_bytes())), "has other contents: its (sha1|md5)"),
    "web page": (lambda p: p.write_bytes(PAGE), "is a web page, not a file of CIFAR-10"),
}  # fmt: skip
NO_FILE = {
    "folder": (replace_by_folder, "is a folder, not a file"),
    "link": (replace_by_broken_link, r"cannot be read \(No such file"),
}
OTHER = r"has other contents: [\d,]+ bytes with md5"  # the only message about a pickle
CASES = [
    pytest.param(kind, harm, OTHER if kind == "pickled" and name in BAD else message, id=f"{kind} {name}")
    for kind in PLACES
    for name, (harm, message) in (BAD | NO_FILE).items()
]  # fmt: skip


@pytest.mark.parametrize(("kind", "harm", "message"), CASES)
def test_an_invalid_file_is_an_error_and_stays_unchanged(make, tmp_path, kind, harm, message):
    put(tmp_path, FORMATS[kind])
    place = tmp_path / PLACES[kind]
    harm(place)
    before = sorted(tmp_path.rglob("*"))
    for source in ("auto", "files"):
        with pytest.raises(ValueError, match=f"{re.escape(str(place))} {message}") as error:
            make(source=source).prepare_data()
        assert "\n" not in str(error.value)
        assert sorted(tmp_path.rglob("*")) == before, source


def test_the_error_has_the_actual_and_the_expected_size(make, tmp_path):
    put(tmp_path, FORMATS["binary"] | {PLACES["binary"]: binary(BATCHES["data_batch_2"])[:-9]})
    with pytest.raises(ValueError, match="is cut off: 36,867 bytes instead of 36,876"):
        make().prepare_data()


def test_valid_bytes_are_accepted_even_if_they_begin_like_a_web_page():
    raw = b"\t<h" + bytes(3070)  # label 9, and the first two pixels of its red
    cifar_files.check_batch_file(
        raw, BatchFile("a", cifar_files.hashlib.sha1(raw).hexdigest(), "", 1)
    )


def test_the_error_names_missing_files_and_their_folder(make, tmp_path):
    put(tmp_path, FORMATS["binary"])
    (tmp_path / BINARY / "test_batch.bin").unlink()
    wanted = (
        rf"test_batch not found under {tmp_path}\. Put {ARCHIVE} there, or .* {PICKLED}; or set"
    )
    with pytest.raises(FileNotFoundError, match=wanted) as error:
        make(source="files").prepare_data()
    assert "data_batch_1" not in str(error.value)


def test_a_root_that_is_a_file_is_an_error(make, tmp_path):
    (tmp_path / "root").write_text("a file")
    with pytest.raises(NotADirectoryError, match="root, a file: give a folder"):
        make(root=str(tmp_path / "root")).prepare_data()


# Malicious files.


def calls(module, name, *arguments):
    """Return a pickle that calls a function in place of the list of labels."""
    text = b"".join(b"X" + len(a).to_bytes(4, "little") + a.encode() for a in arguments)
    return b"\x80\x02}U\x06labelsc%b\n%b\n(" % (module.encode(), name.encode()) + text + b"tRs."


HOSTILE = {
    "a command": calls("os", "system", "touch it_ran"),
    "by another name": calls("posix", "system", "touch it_ran"),
    "python 2's name": calls("__builtin__", "execfile", "it_ran"),
    "evaluation": calls("builtins", "eval", "open('it_ran', 'w')"),
    "through a part of numpy": calls("numpy.core.multiarray", "scalar", "it_ran"),
    "through numpy's own modules": calls("numpy", "load", "it_ran"),
    "an attribute of what is allowed": calls("numpy", "dtype.__init__.__globals__", "it_ran"),
    "a member of torch": calls("torch", "load", "it_ran"),
    "a name written into a registry": b"\x80\x02}U\x06labels\x82\x01s.",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_malicious_batch_is_an_error_and_is_not_executed(make, tmp_path, monkeypatch, raw):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(pickle._inverted_registry, 1, ("os", "getcwd"))
    first, *rest = make().files
    data = make(source="files")
    # as if its digest were that of the published file
    data.files = (BatchFile(first.name, first.sha1, md5(raw), first.n), *rest)
    put(tmp_path, FORMATS["pickled"] | {f"{PICKLED}/data_batch_1": raw})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=r"data_batch_1 was not unpickled: it names \w+.*, which"):
        data.prepare_data()
    assert sorted(tmp_path.rglob("*")) == before


def test_pickle_would_execute_the_malicious_batches(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(HOSTILE["a command"])
    assert (tmp_path / "it_ran").exists()


def test_a_pickle_with_another_digest_is_not_read(make, tmp_path, monkeypatch):
    put(tmp_path, FORMATS["pickled"] | {PLACES["pickled"]: HOSTILE["a command"]})
    opened = []
    monkeypatch.setattr(
        cifar_files, "read_records", lambda raw, n: opened.append(raw) or bytes(n * 3073)
    )
    with pytest.raises(ValueError, match=r"has other contents: \d+ bytes with md5"):
        make().prepare_data()
    assert opened == [pickled(BATCHES["data_batch_1"])]


def test_invalid_pickles_are_errors(subtests):
    for raw, message in [
        (pickled(BATCHES["test_batch"][:11]), "holds 11 labels and 33,792 bytes, not 12 images"),
        (pickled(BATCHES["test_batch"])[:-900], "UnpicklingError|was not unpickled"),
        (pickle.dumps({"labels": [1], "data": "none"}), "is no pickled batch .*AttributeError"),
        (pickle.dumps({"labels": [300]}), "is no pickled batch of CIFAR-10 .*ValueError"),
        (pickle.dumps([]), "is no pickled batch of CIFAR-10 .*TypeError"),
        (b"", "is no pickled batch of CIFAR-10 .*EOFError"),
    ]:
        with subtests.test(raw=raw, message=message):
            with pytest.raises(ValueError, match=message):
                cifar_pickle.read_records(raw, 12)


def test_names_of_archive_members_write_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw, buffer = binary(BATCHES["data_batch_1"]), io.BytesIO()
    name = f"{BINARY}/data_batch_1.bin"
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for other in (
            f"../{name}",
            f"{tmp_path}/{name}",
            f"{BINARY}/../{name}",
            "data_batch_1.bin",
        ):
            add(archive, other, raw)
        add(archive, name, b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add(archive, name, b"", type=tarfile.FIFOTYPE)
    made = Archive("", len(buffer.getvalue()), md5(buffer.getvalue()))
    specs = expecting(BATCHES)["files"]
    assert read_members(io.BytesIO(buffer.getvalue()), specs, made) == {}
    assert not list(tmp_path.iterdir())


def test_members_of_an_archive_are_verified():
    harmed = packed(BATCHES | {"data_batch_3": BATCHES["data_batch_2"]})
    made = Archive("", len(harmed), md5(harmed))
    with pytest.raises(
        ValueError, match=f"holds {BINARY}/data_batch_3.bin, which has other contents"
    ):
        read_members(io.BytesIO(harmed), expecting(BATCHES)["files"], made)


# Downloads.


def test_files_of_the_official_address_are_saved_under_root(make, tmp_path):
    put(tmp_path / "official", FORMATS["archive"])
    data = make(root=str(tmp_path / "root"))
    data.setup()
    assert is_tiny(data)
    assert f"fetched from {data.archive.url}" in data.provenance
    folder = tmp_path / "root" / BINARY
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.bin" for n in NAMES)
    again = make(root=str(tmp_path / "root"), source="files")
    again.setup()
    assert is_tiny(again)


def test_only_missing_files_are_saved(make, tmp_path):
    put(tmp_path / "official", FORMATS["archive"])
    put(tmp_path, FORMATS["binary"])
    stamp = (tmp_path / PLACES["binary"]).stat().st_mtime_ns
    (tmp_path / BINARY / "test_batch.bin").unlink()
    make().prepare_data()
    assert (tmp_path / BINARY / "test_batch.bin").exists()
    assert (tmp_path / PLACES["binary"]).stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (None, r"file:.*: .*No such file"),
        (PAGE, "is a web page"),
        (FORMATS["archive"][ARCHIVE][:-5], "is cut off"),
        (FORMATS["archive"][ARCHIVE] + bytes(99), "is too long"),
        (flip(FORMATS["archive"][ARCHIVE]), "has other contents"),
    ],
    ids=["nothing", "web page", "cut off", "too long", "flipped bit"],
)
@pytest.mark.parametrize("source", ["auto", "mirrors"])
def test_invalid_files_of_the_official_address_are_not_saved(
    make, tmp_path, served, message, source
):
    if served is not None:
        put(tmp_path / "official", {ARCHIVE: served})
    with pytest.raises(FileNotFoundError, match=f"CIFAR-10 is incomplete: .*{message}") as error:
        make(root=str(tmp_path / "root"), source=source).prepare_data()
    assert "\n" not in str(error.value)
    assert not (tmp_path / "root").exists()


def test_source_files_and_other_ranks_download_nothing(make, tmp_path, monkeypatch):
    put(tmp_path / "official", FORMATS["archive"])
    for options, fetch in (({"source": "files"}, True), ({}, False)):
        with pytest.raises(FileNotFoundError, match="CIFAR-10 is incomplete"):
            make(root=str(tmp_path / "root"), **options).load(fetch=fetch)
    assert not (tmp_path / "root").exists()


def test_an_invalid_file_is_reported_before_missing_ones_are_downloaded(make, tmp_path):
    put(tmp_path / "official", FORMATS["archive"])
    put(tmp_path / "root", {PLACES["binary"]: b""})
    with pytest.raises(ValueError, match=r"data_batch_2\.bin is empty"):
        make(root=str(tmp_path / "root")).prepare_data()
    assert os.listdir(tmp_path / "root" / BINARY) == ["data_batch_2.bin"]


def test_a_silent_address_times_out(make, tmp_path, monkeypatch):
    def time_out(url, size, seconds):
        assert 0 < seconds < 3600
        raise TimeoutError("no complete answer within the time limit")

    monkeypatch.setattr(cifar10, "download_bytes", time_out)
    with pytest.raises(FileNotFoundError, match="no complete answer within the time limit"):
        make(root=str(tmp_path / "root")).prepare_data()

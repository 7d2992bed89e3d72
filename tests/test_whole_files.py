import pytest

from lightning_gan.whole_files import whole


def test_a_file_is_there_when_all_of_it_is_and_folders_are_made(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with whole(path) as beside:
        beside.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half():
        with whole(path) as beside:
            beside.write_text("ha")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]

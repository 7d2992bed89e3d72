"""Cache of results."""

import pytest

from lightning_gan.studies.results_cache import cached_result


def test_a_row_is_computed_once(tmp_path):
    path, calls = tmp_path / "deep" / "rows.json", []

    def measure():
        calls.append(1)
        return {"modes": 8, "share": 0.25}

    first = cached_result(path, "seed=0", measure)
    assert cached_result(path, "seed=0", measure) == first == {"modes": 8, "share": 0.25}
    assert len(calls) == 1
    cached_result(path, "seed=1", measure)
    assert len(calls) == 2


def test_a_failed_row_does_not_change_the_others(tmp_path):
    path = tmp_path / "rows.json"
    cached_result(path, "seed=0", lambda: {"a": 1})
    with pytest.raises(ZeroDivisionError):
        cached_result(path, "seed=1", lambda: {"a": 1 // 0})
    assert cached_result(path, "seed=0", lambda: {"a": 2}) == {"a": 1}


def test_a_damaged_file_is_named(tmp_path_factory, subtests):
    for text in ["{", "[]", "\\x00"]:
        with subtests.test(text=text):
            tmp_path = tmp_path_factory.mktemp("row")
            path = tmp_path / "rows.json"
            path.write_text(text)
            with pytest.raises(ValueError, match=r"rows\.json is not a results file: delete it"):
                cached_result(path, "seed=0", dict)

"""scores.json: entries are added without reading the ones that are there, and the bytes do not tell."""

import json

import pytest

from lightning_gan.tracking import scores_json
from lightning_gan.utils.file_format import FORMAT, KEY

ENTRIES = [
    {
        KEY: FORMAT,
        "stage": "val",
        "value": i / 3,
        "protocol": {"settings": {"a": [1, {"b": 2}]}},
        "name": 'é "\n {\n',
    }
    for i in range(6)
]


def written_at_once(entries):
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def test_entries_that_come_in_parts_are_the_file_written_at_once(tmp_path_factory, subtests):
    for cut in [(6,), (1, 1, 4), (0, 3, 0, 3), (0,)]:
        with subtests.test(cut=cut), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")
            path, start = tmp_path / "scores.json", 0
            monkeypatch.setattr(
                json, "loads", lambda text: pytest.fail("parsed") if len(text) > 3 else []
            )
            for size in cut:
                scores_json.append_score(path, ENTRIES[start : start + size])
                start += size
                assert scores_json.count_scores(path) == start
            assert path.read_text() == written_at_once(ENTRIES[:start])


def test_a_file_of_another_form_is_taken_over(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text(json.dumps(ENTRIES[:2]))
    assert scores_json.count_scores(path) == 2
    scores_json.append_score(path, ENTRIES[2:])
    assert path.read_text() == written_at_once(ENTRIES)


def test_no_file_has_no_entries(tmp_path):
    assert scores_json.count_scores(tmp_path / "scores.json") == 0
    assert scores_json.read(tmp_path / "scores.json") == []

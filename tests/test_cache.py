import os

import pytest

from minnow.cache import Cache


def test_a_folder_is_made_once_per_origin(tmp_path):
    cache, made = Cache(tmp_path), []

    def make(folder):
        made.append(folder)
        (folder / "model").write_text("bytes")

    first = cache.get_or_make("models", {"seed": 1}, make)
    again = cache.get_or_make("models", {"seed": 1}, make)
    other = cache.get_or_make("models", {"seed": 2}, make)
    assert (first.fresh, again.fresh, other.fresh) == (True, False, True)
    assert first.folder == again.folder != other.folder
    assert len(made) == 2
    assert (again.folder / "model").read_text() == "bytes"


def test_what_failed_half_way_is_not_there(tmp_path):
    cache = Cache(tmp_path)

    def fail(folder):
        (folder / "half").write_text("x")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.get_or_make("models", {"seed": 1}, fail)
    assert not cache.has("models", {"seed": 1})
    assert list((tmp_path / "models").iterdir()) == []


def test_a_folder_without_its_origin_is_made_anew(tmp_path):
    cache = Cache(tmp_path)
    cache.path("models", {"seed": 1}).mkdir(parents=True)
    assert cache.get_or_make("models", {"seed": 1}, lambda folder: None).fresh


@pytest.mark.parametrize("damage", ["flipped", "truncated", "lost", "added"])
def test_a_folder_that_broke_is_made_anew(tmp_path, damage):
    cache = Cache(tmp_path)

    def make(folder):
        (folder / "model").write_text("bytes")

    folder = cache.get_or_make("models", {"seed": 1}, make).folder
    harm = {
        "flipped": lambda: (folder / "model").write_text("bytez"),
        "truncated": lambda: (folder / "model").write_text("by"),
        "lost": lambda: (folder / "model").unlink(),
        "added": lambda: (folder / "more").write_text("x"),
    }
    harm[damage]()
    entry = cache.get_or_make("models", {"seed": 1}, make)
    assert entry.fresh
    assert (entry.folder / "model").read_text() == "bytes"
    assert not (entry.folder / "more").exists()


def _fill(cache, names):
    """One folder of 1,000 bytes per name, each used later than the one before."""
    folders = {}
    for hour, name in enumerate(names, 1):
        folder = cache.get_or_make(
            "models", {"name": name}, lambda folder: (folder / "model").write_bytes(b"x" * 1000)
        ).folder
        os.utime(folder / "made_from.json", (hour * 3600, hour * 3600))
        folders[name] = folder
    return folders


def test_what_was_not_used_for_longest_is_removed_first(tmp_path):
    cache = Cache(tmp_path)
    folders = _fill(cache, "abcd")
    cache.get_or_make("models", {"name": "a"}, lambda folder: None)  # used again, so the latest now
    size = sum(one.size_bytes for one in cache.entries())
    removed = cache.trim(size / 2 + 1, ())
    assert [one.folder for one in removed] == [folders["b"], folders["c"]]
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == sorted(folders[name].name for name in "ad")
    assert cache.trim(size, ()) == []


def test_what_is_needed_stays_even_over_the_limit_and_leftovers_of_killed_runs_go(tmp_path):
    cache = Cache(tmp_path)
    folders = _fill(cache, "abc")
    (tmp_path / "models" / ".making-x").mkdir()
    (tmp_path / "models" / ".making-x" / "made_from.json").write_text("{}")
    (tmp_path / "models" / "half").mkdir()
    removed = {one.folder.name for one in cache.trim(1, {folders["a"]})}
    assert removed == {".making-x", "half", folders["b"].name, folders["c"].name}
    assert cache.use(folders["a"])


def test_a_removed_folder_is_made_again(tmp_path):
    cache = Cache(tmp_path)
    _fill(cache, "a")
    cache.trim(1, ())
    assert cache.get_or_make("models", {"name": "a"}, lambda folder: None).fresh

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

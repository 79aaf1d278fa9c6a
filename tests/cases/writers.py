"""Small inputs as people have them, one function per case. The same bytes are written every time."""

from __future__ import annotations

import base64
import csv
import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROWS = 160
MONDAY = datetime(2024, 1, 8)
Random = np.random.Generator


@dataclass(frozen=True)
class Written:
    """An input.

    place: what `minnow new` is given; asked: what `minnow predict` is given; inputs: the same rows as a client sends them, in
    JSON; series: instead of these the rows of each series in order of time; files: instead of these (bytes, content type) of
    each row; truth: what a reader of the input knows about it.
    """

    place: Path
    asked: Path
    inputs: list[Any] = field(default_factory=list)
    series: list[list[dict[str, str]]] = field(default_factory=list)
    files: list[tuple[bytes, str]] = field(default_factory=list)
    truth: dict[str, Any] = field(default_factory=dict)


Writer = Callable[[Path], Written]


def table(
    path: Path,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    separator: str = ",",
    encoding: str = "utf-8",
    before: str = "",
    line_end: str = "\n",
    place: Path | None = None,
    quoting: int = csv.QUOTE_MINIMAL,
    **truth: Any,
) -> Written:
    """Write delimited text. before: text before the header; no names: no header. The inputs are the cells of each row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=line_end)  # pyright: ignore
    writer.writerows([names] * bool(names) + [list(row) for row in rows])
    path.write_bytes((before + text.getvalue()).encode(encoding))
    titles = [" ".join(name.split()) for name in names] or [f"column {i + 1}" for i in range(len(rows[0]))]
    return Written(
        place or path, path, [dict(zip(titles, map(str, row), strict=False)) for row in rows], truth=dict(truth)
    )


def random(seed: int = 0) -> Random:
    """Random numbers that are the same every time."""
    return np.random.default_rng(seed)


# ---------------------------------------------------------------------------------------------------------------- tables


def houses(folder: Path) -> Written:
    """Area and price with thousands signs, rooms with a decimal point."""
    rng = random()
    area, rooms = rng.integers(700, 9000, ROWS), rng.uniform(1, 7, ROWS).round(1)
    price = area * 90 + rng.integers(10_000, 60_000, ROWS)
    rows = [[f"{a:,}", f"{r:.1f}", f"{p:,}"] for a, r, p in zip(area, rooms, price, strict=True)]
    return table(
        folder / "houses.csv", ["area", "rooms", "price"], rows, area=area.tolist(), rooms=rooms.tolist(), price=price
    )


def flats(folder: Path) -> Written:
    """A feature with thousands signs; small ones are cheap."""
    rng = random(1)
    sqft, distance = rng.integers(900, 10_000, ROWS), rng.uniform(0.5, 30, ROWS)
    rows = [[f"{s:,}", f"{d:.1f}", "dear" if s > 5500 else "cheap"] for s, d in zip(sqft, distance, strict=True)]
    return table(folder / "flats.csv", ["sqft", "distance", "price_class"], rows, sqft=sqft.tolist())


def defects(folder: Path) -> Written:
    """Grades of which one is None."""
    rng = random(2)
    depth = rng.uniform(0, 3, ROWS)
    grade = np.array(["None", "Mild", "Severe"])[np.digitize(depth, [1, 2])]
    rows = [[f"{d:.3f}", f"{rng.uniform(0, 3):.3f}", g] for d, g in zip(depth, grade, strict=True)]
    return table(folder / "defects.csv", ["depth", "width", "grade"], rows, grade=grade.tolist())


def numbered(folder: Path) -> Written:
    """Columns with the default names of pandas."""
    values = random(3).normal(size=(ROWS, 4))
    rows = [[*(f"{v:.3f}" for v in row), int(row[0] > 0)] for row in values]
    return table(folder / "frame.csv", ["0", "1", "2", "3", "4"], rows)


def wrapped_titles(folder: Path) -> Written:
    """A title of two lines over dates."""
    rng = random(4)
    moments = [MONDAY + timedelta(hours=7 * i + int(rng.integers(0, 5))) for i in range(ROWS)]
    price = rng.uniform(1, 40, ROWS)
    rows = [[f"{m:%Y-%m-%d %H:%M}", f"{p:.2f}", "yes" if p > 20 else "no"] for m, p in zip(moments, price, strict=True)]
    return table(folder / "orders.csv", ["Order\ndate", "Unit price\n(EUR)", "late"], rows, moments=moments)


def trailing_separators(folder: Path) -> Written:
    """Each row ends with a separator, the header does not."""
    rng = random(5)
    speed = rng.uniform(10, 90, ROWS)
    rows = [[f"{s:.1f}", f"{rng.uniform():.3f}", "bad" if s > 50 else "good"] for s in speed]
    written = table(folder / "export.csv", ["speed", "load", "fails"], rows, speed=speed.round(1).tolist())
    header, *lines = written.place.read_text().splitlines()
    written.place.write_text("\n".join([header, *(f"{line}," for line in lines)]) + "\n")
    return written


def cars(folder: Path) -> Written:
    """Dollars, percent and miles."""
    rng = random(6)
    miles, off = rng.integers(900, 99_000, ROWS), rng.uniform(0, 30, ROWS).round(1)
    price = 9900 - miles // 11
    rows = [[f"{m:,} mi.", f"{o}%", f"${p:,}"] for m, o, p in zip(miles, off, price, strict=True)]
    return table(
        folder / "cars.csv",
        ["mileage", "discount", "price"],
        rows,
        mileage=miles.tolist(),
        discount=off.tolist(),
        price=price.tolist(),
    )


def pandas_index(folder: Path) -> Written:
    """A shuffled frame as Parquet, with its index."""
    import pandas as pd

    values = random(7).normal(size=(ROWS, 2))
    frame = pd.DataFrame({"a": values[:, 0], "b": values[:, 1], "kind": np.where(values[:, 0] > 0, "up", "down")})
    frame = frame.sample(frac=1, random_state=0)
    frame.to_parquet(folder / "rows.parquet")
    rows = [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]
    return Written(folder / "rows.parquet", folder / "rows.parquet", rows)


def excel_line(folder: Path) -> Written:
    """The line by which Excel is told the separator, after a byte order mark."""
    size = random(8).uniform(1, 9, (ROWS, 2))
    rows = [[f"{a:.2f}", f"{b:.2f}", "long" if a > 5 else "short"] for a, b in size]
    names = ["length", "weight", "kind"]
    return table(
        folder / "excel.csv", names, rows, separator=";", before="sep=;\r\n", line_end="\r\n", encoding="utf-8-sig"
    )


def windows_1252(folder: Path) -> Written:
    """Umlauts in Windows-1252."""
    size = random(9).uniform(1, 9, (ROWS, 2))
    rows = [[f"{a:.2f}", f"{b:.2f}", "groß" if a > 5 else "klein"] for a, b in size]
    return table(folder / "stadt.csv", ["Größe", "Höhe", "Art"], rows, separator=";", encoding="cp1252")


def with_readme(folder: Path) -> Written:
    """A table with what is beside it in a download."""
    (folder / "README.txt").write_text("These rows are made up.\nColumns: see the header.\n")
    (folder / "LICENSE.txt").write_text("Free to use.\n")
    values = random(10).normal(size=(ROWS, 2))
    rows = [[f"{a:.3f}", f"{b:.3f}", "in" if a > 0 else "out"] for a, b in values]
    return table(folder / "data.csv", ["a", "b", "where"], rows, place=folder)


def label_variants(folder: Path) -> Written:
    """Labels as four people type them."""
    rng = random(11)
    visits = rng.integers(0, 30, ROWS)
    spelled = {True: ["yes", "Yes", "YES", "yes "], False: ["no", "No", "NO", "no "]}
    rows = [[rng.integers(18, 90), v, spelled[bool(v > 14)][int(rng.integers(0, 4))]] for v in visits]
    answers = ["yes" if v > 14 else "no" for v in visits]
    return table(folder / "form.csv", ["age", "visits", "renew"], rows, answers=answers)


def day_first(folder: Path) -> Written:
    """Dates with the day first, which only some days tell; orders of July and August are late."""
    rng = random(12)
    days = [datetime(2024, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 365, 2 * ROWS)]
    rows = [[f"{d:%d/%m/%Y}", f"{rng.uniform(1, 9):.2f}", "yes" if d.month in (7, 8) else "no"] for d in days]
    return table(folder / "orders.csv", ["ordered", "weight", "late"], rows, days=days)


def brackets(folder: Path) -> Written:
    """Units in brackets in the header, and two cells of a text among the numbers."""
    rng = random(13)
    warm, pulse = rng.normal(37, 0.4, ROWS), rng.normal(80, 9, ROWS)
    rows = [[f"{w:.2f}", f"{p:.1f}", "no" if w > 37 else "yes"] for w, p in zip(warm, pulse, strict=True)]
    rows[40][1] = rows[120][1] = "high"
    return table(folder / "ward.csv", ["temp [°C]", "pulse [/min]", "home"], rows)


def competition(folder: Path) -> Written:
    """The three files of a competition."""
    rng = random(14)
    fare, deck = rng.normal(size=2 * ROWS), rng.choice(list("abc"), 2 * ROWS)
    rows = [
        [i, f"{f:.3f}", d, int(f + rng.normal() * 0.3 > 0)] for i, (f, d) in enumerate(zip(fare, deck, strict=True))
    ]
    table(folder / "test.csv", ["PassengerId", "Fare", "Deck"], [row[:3] for row in rows[ROWS:]])
    table(folder / "sample_submission.csv", ["PassengerId", "Survived"], [[row[0], 0] for row in rows[ROWS:]])
    names = ["PassengerId", "Fare", "Deck", "Survived"]
    return table(folder / "train.csv", names, rows[:ROWS], place=folder)


def late_class(folder: Path) -> Written:
    """Tickets in order of time; the class robots begins in the last tenth."""
    rng = random(15)
    size = rng.uniform(size=2 * ROWS)
    team = np.where(size > 0.5, "hardware", "billing")
    team[-ROWS // 5 :: 2] = "robots"
    rows = [
        [f"{MONDAY + timedelta(hours=5 * i):%Y-%m-%d %H:%M:%S}", f"{s:.3f}", t]
        for i, (s, t) in enumerate(zip(size, team, strict=True))
    ]
    return table(folder / "tickets.csv", ["opened", "size", "team"], rows, robots=int((team == "robots").sum()))


def three_frauds(folder: Path) -> Written:
    """Three frauds among many payments."""
    rng = random(18)
    amount = rng.uniform(3, 100, 6 * ROWS).round(2)
    fraud = np.zeros(len(amount), int)
    fraud[[17, 300, 770]], amount[[17, 300, 770]] = 1, 489.06
    rows = [[f"{a:.2f}", int(rng.integers(0, 24)), f] for a, f in zip(amount, fraud, strict=True)]
    return table(folder / "pay.csv", ["amount", "hour", "fraud"], rows)


# ----------------------------------------------------------------------------------------------------------------- texts

_WORDS = (
    "the", "kettle", "was", "in", "this", "kitchen", "my", "tea", "a", "week", "felt", "with", "it", "for", "and", "handle",
)  # fmt: skip
_GOOD, _BAD = ("warm", "bright", "sturdy", "quick"), ("cold", "dull", "flimsy", "harsh")


def _sentences(seed: int, count: int = ROWS) -> tuple[list[str], list[str]]:
    """Sentences with commas, and their moods."""
    rng = random(seed)
    moods = [("high", "low")[i % 2] for i in range(count)]
    texts = []
    for i, mood in enumerate(moods):
        told = rng.choice(_GOOD if mood == "high" else _BAD, 2)
        texts.append(f"{' '.join(rng.choice(_WORDS, 6))} {told[0]} {told[1]}, number {i}")
    return texts, moods


def notes_with_semicolons(folder: Path) -> Written:
    """Sentences with commas, cells divided by semicolons."""
    texts, moods = _sentences(20)
    path = folder / "notes.csv"
    path.write_text("body;mood\n" + "".join(f"{text};{mood}\n" for text, mood in zip(texts, moods, strict=True)))
    return Written(path, path, texts)


def notes_in_json(folder: Path) -> Written:
    """JSON lines of text and label."""
    texts, moods = _sentences(21)
    path = folder / "notes.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": m}) + "\n" for t, m in zip(texts, moods, strict=True)))
    return Written(path, path, texts)


def documents(folder: Path) -> Written:
    """A document a file, in class folders."""
    texts, moods = _sentences(22, 80)
    for mood in ("high", "low"):
        (folder / mood).mkdir()
    for i, (text, mood) in enumerate(zip(texts, moods, strict=True)):
        (folder / mood / f"{i:03}.txt").write_text(text)
    return Written(folder, folder, texts[0::2] + texts[1::2])


_BEGINNINGS = ("昨天下午", "今天早上", "上个星期", "用了几天以后", "说实话")
_THINGS = ("新买的杯子", "厨房里的灯", "门口的鞋柜", "我的耳机", "旧的椅子", "这把雨伞")
_PRAISE, _BLAME = (
    ("真的很好用", "让我很满意", "值得推荐", "质量非常好"),
    ("经常坏掉", "让人很失望", "质量太差了", "完全没有用"),
)


def chinese(folder: Path) -> Written:
    """Sentences without blanks, of our own phrases; two moods."""
    rng = random(23)
    labels = [("好", "差")[i % 2] for i in range(2 * ROWS)]
    texts = [
        f"{rng.choice(_BEGINNINGS)}{rng.choice(_THINGS)}{rng.choice(_PRAISE if label == '好' else _BLAME)}"
        f"{rng.choice(_THINGS)}{rng.choice(_PRAISE if label == '好' else _BLAME)}{rng.choice(list('啊呢吧呀哦'))}"
        for label in labels
    ]
    rows = list(zip(texts, labels, strict=True))
    written = table(folder / "pinglun.csv", ["text", "label"], rows)
    return Written(written.place, written.asked, texts)


def strange_words(folder: Path) -> Written:
    """Notes of words with numbers of their own, of which hardly one occurs twice."""
    rng = random(24)
    texts = [" ".join(f"part{rng.integers(10**9)}" for _ in range(8)) for _ in range(ROWS)]
    return table(folder / "parts.csv", ["text", "label"], [[text, "ab"[i % 2]] for i, text in enumerate(texts)])


# ---------------------------------------------------------------------------------------------------------------- series


def _one_series(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]], **more: Any) -> Written:
    written = table(path, names, rows, **more)
    return Written(written.place, written.asked, series=[written.inputs], truth=written.truth)


def heating(folder: Path) -> Written:
    """A German log: semicolons, decimal commas, day first; the valve opens below twenty degrees."""
    rng = random(30)
    warm = 20 + 2 * np.sin(np.arange(600) / 14) + rng.normal(0, 0.2, 600)
    rows = [
        [
            f"{MONDAY + timedelta(minutes=15 * i):%d.%m.%Y %H:%M}",
            f"{w:.1f}".replace(".", ","),
            f"{rng.normal(50, 2):.1f}".replace(".", ","),
            "auf" if w.round(1) < 20 else "zu",
        ]
        for i, w in enumerate(warm)
    ]
    names = ["Zeit", "Temperatur", "Feuchte", "Ventil"]
    return _one_series(folder / "heizung.csv", names, rows, separator=";", warm=warm.round(1).tolist())


def american_hours(folder: Path) -> Written:
    """Times with AM and PM; the load swings with the hour."""
    rng = random(31)
    hours = [MONDAY + timedelta(hours=i) for i in range(480)]
    load = [120 + 30 * np.sin(i / 24 * 2 * np.pi) + rng.normal() for i in range(480)]
    rows = [
        [f"{h:%m/%d/%Y %I:%M:%S %p}", f"{rng.normal(20, 1):.1f}", f"{x:.1f}"] for h, x in zip(hours, load, strict=True)
    ]
    return _one_series(folder / "load.csv", ["time", "temp", "load"], rows, hours=hours)


def accelerometer(folder: Path) -> Written:
    """Fifty rows a second with times of fractions of one; rest and walk take turns."""
    rng = random(32)
    count = 700
    walks = np.arange(count) // 120 % 2 == 1
    swing = np.where(walks, 3 * np.sin(np.arange(count) / 50 * 2 * np.pi * 2), 0)
    rows = [
        [
            f"{(MONDAY + timedelta(milliseconds=20 * i)).isoformat(timespec='milliseconds')}",
            f"{s + rng.normal(0, 0.2):.1f}",
            f"{9.8 + rng.normal(0, 0.2):.1f}",
            "walk" if w else "rest",
        ]
        for i, (s, w) in enumerate(zip(swing, walks, strict=True))
    ]
    return _one_series(folder / "move.csv", ["time", "ax", "az", "activity"], rows)


def _room(path: Path, per_second: int) -> Written:
    """A row every ten minutes; the lamp goes by the hour of the day."""
    rng = random(33)
    start = 1_704_672_000
    rows = []
    for i in range(144 * 8):
        hour = i // 6 % 24
        rows.append([(start + 600 * i) * per_second, f"{rng.normal():.1f}", "on" if hour < 7 or hour > 17 else "off"])
    return _one_series(path, ["timestamp", "noise", "lamp"], rows)


def room_in_milliseconds(folder: Path) -> Written:
    """Times in milliseconds since 1970."""
    return _room(folder / "room.csv", 1000)


def room_in_seconds(folder: Path) -> Written:
    """Times in seconds since 1970."""
    return _room(folder / "room.csv", 1)


def shops(folder: Path) -> Written:
    """Three shops one after the other in a long file, with a swing of a week around levels of their own."""
    rng = random(34)
    series = []
    for shop, level in enumerate((50, 200, 900)):
        sold = level + 10 * np.sin(np.arange(140) / 7 * 2 * np.pi) + rng.normal(0, 0.5, 140)
        series.append(
            [[f"shop_{shop}", f"{MONDAY + timedelta(days=i):%Y-%m-%d}", f"{y:.2f}"] for i, y in enumerate(sold)]
        )
    written = table(folder / "shops.csv", ["unique_id", "ds", "y"], [row for rows in series for row in rows])
    parts = [written.inputs[i : i + 140] for i in range(0, 420, 140)]
    return Written(written.place, written.asked, series=parts)


# ---------------------------------------------------------------------------------------------------------- interactions


def _events(path: Path, separator: str, when: Callable[[datetime], Any]) -> Written:
    """Forty users who each take some items of one of two groups."""
    rng = random(40)
    rows, users = [], []
    for user in range(40):
        for item in rng.choice(12, size=int(rng.integers(5, 9)), replace=False):
            moment = MONDAY + timedelta(seconds=int(rng.integers(0, 90 * 86_400)))
            rows.append([f"user {user}", f"item-{12 * (user % 2) + item}", int(rng.integers(3, 6)), when(moment)])
            users.append(f"user {user}")
    written = table(path, ["user_id", "item_id", "rating", "timestamp"], rows, separator=separator)
    return Written(written.place, written.asked, users, truth={"rows": rows})


def events_with_dates(folder: Path) -> Written:
    """Interactions with ISO dates."""
    return _events(folder / "events.csv", ",", lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}")


def events_with_semicolons(folder: Path) -> Written:
    """Interactions with semicolons and seconds since 1970."""
    return _events(folder / "events.csv", ";", lambda moment: int((moment - datetime(1970, 1, 1)).total_seconds()))


# -------------------------------------------------------------------------------------------------------------- pictures

_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "BMP": "image/bmp"}


def shape(kind: str, rng: Random, height: int = 12, width: int = 12) -> np.ndarray:
    """A bright bar at the top, left or middle of a dark ground, (height, width) uint8; no two are the same."""
    pixels = rng.integers(0, 40, (height, width)).astype(np.uint8)
    bar = {"box": np.s_[: height // 3], "ring": np.s_[:, : width // 3], "cross": np.s_[height // 3 : 2 * height // 3]}[
        kind
    ]
    pixels[bar] = rng.integers(200, 256, pixels[bar].shape)
    return pixels


def save(path: Path, pixels: Any, form: str = "PNG", **how: Any) -> tuple[bytes, str]:
    """Write a picture. Returns its bytes and content type."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    data = io.BytesIO()
    picture.save(data, form, **how)
    path.write_bytes(data.getvalue())
    return data.getvalue(), _TYPES[form]


def _pictures(folder: Path, count: int = 30, kinds: Sequence[str] = ("box", "ring")) -> Written:
    """PNGs in class folders."""
    rng = random(50)
    files = [save(folder / kind / f"{i:03}.png", shape(kind, rng)) for kind in kinds for i in range(count)]
    return Written(folder, folder, files=files)


def hidden_files(folder: Path) -> Written:
    """Folders from a Mac that were opened in Jupyter."""
    written = _pictures(folder)
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    for i in range(2):
        (folder / "ring" / f"._{i:03}.png").write_bytes(b"\0\x05\x16\x07 Mac OS X ")
    rng = random(51)
    for place in (folder, folder / "box"):
        save(place / ".ipynb_checkpoints" / "000-checkpoint.png", shape("box", rng))
    return written


def other_formats(folder: Path) -> Written:
    """A class in PNG, one half in WebP, one in BMP alone."""
    rng = random(52)
    forms = {"box": ("PNG", "WEBP"), "cross": ("BMP", "BMP"), "ring": ("PNG", "PNG")}
    files = [
        save(folder / kind / f"{i:03}.{of[i % 2].lower()}", np.stack([shape(kind, rng)] * 3, axis=2), of[i % 2])
        for kind, of in forms.items()
        for i in range(24)
    ]
    return Written(folder, folder, files=files)


def transparent(folder: Path) -> Written:
    """Black shapes on a transparent ground that is black underneath."""
    rng, files = random(53), []
    for kind in ("box", "ring"):
        for i in range(30):
            pixels = np.zeros((12, 12, 4), np.uint8)
            pixels[..., 3] = np.where(shape(kind, rng) > 100, rng.integers(180, 256, (12, 12)), 0)
            files.append(save(folder / kind / f"{i:03}.png", pixels))
    return Written(folder, folder, files=files)


def turned(folder: Path) -> Written:
    """Files of one size, half of them with the mark of a phone that was held upright."""
    rng, files = random(54), []
    for kind in ("box", "ring"):
        for i in range(30):
            upright = i % 2 == 1
            picture = Image.fromarray(shape(kind, rng, 16, 12) if upright else shape(kind, rng, 12, 16))
            exif = Image.Exif()
            if upright:
                picture = picture.transpose(Image.Transpose.ROTATE_90)
                exif[0x0112] = 6
            files.append(save(folder / kind / f"{i:03}.jpg", picture, "JPEG", exif=exif, quality=95))
    return Written(folder, folder, files=files)


def linked(folder: Path) -> Written:
    """A folder with links to class folders elsewhere, and one that leads back to itself."""
    written = _pictures(folder / "elsewhere")
    (folder / "links").mkdir()
    for kind in ("box", "ring"):
        (folder / "links" / kind).symlink_to(folder / "elsewhere" / kind)
    (folder / "elsewhere" / "box" / "again").symlink_to(folder / "elsewhere" / "box")
    return Written(folder / "links", folder / "links", files=written.files)


def mixed_modes(folder: Path) -> Written:
    """Grey, palette, CMYK and colour, two sizes, a JPEG that is cut off, and a class of one picture."""
    rng, files = random(55), []
    for kind in ("box", "ring"):
        for i in range(30):
            side = 12 if i % 3 else 18
            grey = Image.fromarray(shape(kind, rng, side, side))
            mode = ("L", "P", "CMYK", "RGB")[i % 4]
            picture = grey.convert("RGB").convert(mode)
            form, suffix = ("JPEG", "JPG") if mode == "CMYK" else ("PNG", "png")
            files.append(save(folder / kind / f"{i:03}.{suffix}", picture, form))
    whole, _ = save(folder / "box" / "broken.JPG", Image.fromarray(shape("box", rng, 24, 24)), "JPEG")
    (folder / "box" / "broken.JPG").write_bytes(whole[: len(whole) // 2])
    odd = save(folder / "odd" / "000.png", shape("cross", rng))
    return Written(folder, folder, files=[*files[:30], odd, *files[30:]])


# ---------------------------------------------------------------------------------------------------------------- sounds

RATE = 4000


def tone(kind: str, rng: Random, seconds: float = 0.25) -> np.ndarray:
    """A high or a low tone with noise, (n,) float64 within 0.6."""
    hertz = {"high": 900, "low": 200}[kind] * rng.uniform(0.9, 1.1)
    time = np.arange(round(RATE * seconds)) / RATE
    return 0.5 * np.sin(2 * np.pi * hertz * time) + rng.uniform(-0.05, 0.05, len(time))


def riff(samples: bytes, *, form: int, bits: int, size: int | None = None, more: bytes = b"") -> bytes:
    """A WAV of one channel. form: 1 for integers, 3 for floats; size: in the header, by default the right one."""
    frame = bits // 8
    head = struct.pack("<HHIIHH", form, 1, RATE, RATE * frame, frame, bits) + more
    length = len(samples) if size is None else size
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", length) + samples
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def pcm16(sound: np.ndarray) -> bytes:
    """Sixteen bits a sample."""
    return (sound * 32_767).astype("<i2").tobytes()


def _sounds(folder: Path, encode: Callable[[np.ndarray], bytes], seed: int) -> Written:
    rng, data = random(seed), []
    for kind in ("high", "low"):
        (folder / kind).mkdir(parents=True)
        for i in range(30):
            data.append(encode(tone(kind, rng)))
            (folder / kind / f"{i:03}.wav").write_bytes(data[-1])
    return Written(
        folder,
        folder,
        [base64.b64encode(one).decode() for one in data],
        truth={"bytes": data},
    )


def streamed(folder: Path) -> Written:
    """A header without a length, as programs write it into a pipe."""
    return _sounds(folder, lambda sound: riff(pcm16(sound), form=1, bits=16, size=0xFFFFFFFF), 60)


def extensible(folder: Path) -> Written:
    """Twenty-four bits in WAVE_FORMAT_EXTENSIBLE."""

    def encode(sound: np.ndarray) -> bytes:
        whole = (sound * 8_388_607).astype("<i4")
        samples = whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        pcm = bytes.fromhex("0100000000001000800000aa00389b71")
        return riff(samples, form=0xFFFE, bits=24, more=struct.pack("<HHI", 22, 24, 4) + pcm)

    return _sounds(folder, encode, 61)


def floating(folder: Path) -> Written:
    """Floats of thirty-two bits."""
    return _sounds(folder, lambda sound: riff(sound.astype("<f4").tobytes(), form=3, bits=32), 62)


def finder_zip(folder: Path) -> Written:
    """A zip of class folders as the Finder makes it."""
    written = _sounds(folder / "sounds", lambda sound: riff(pcm16(sound), form=1, bits=16), 63)
    path = folder / "sounds.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((folder / "sounds").rglob("*.wav")):
            name = file.relative_to(folder).as_posix()
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())
            beside = f"__MACOSX/{file.parent.relative_to(folder).as_posix()}/._{file.name}"
            archive.writestr(zipfile.ZipInfo(beside), b"\0\x05\x16\x07 ")
    for file in (folder / "sounds").rglob("*.wav"):
        file.unlink()
    return Written(path, path, written.inputs, truth=written.truth)


BY_MODALITY: dict[str, tuple[Writer, ...]] = {
    "tabular": (
        houses, flats, defects, numbered, wrapped_titles, trailing_separators, cars, pandas_index, excel_line, windows_1252,
        with_readme, label_variants, day_first, competition, late_class, three_frauds,
    ),
    "text": (notes_with_semicolons, notes_in_json, documents, chinese),
    "timeseries": (heating, american_hours, accelerometer, room_in_milliseconds, room_in_seconds, shops),
    "interactions": (events_with_dates, events_with_semicolons),
    "images": (hidden_files, other_formats, transparent, turned, linked, mixed_modes),
    "audio": (streamed, extensible, floating, finder_zip),
}  # fmt: skip
"""The inputs that a model is made from, by what `minnow new` must take them for."""

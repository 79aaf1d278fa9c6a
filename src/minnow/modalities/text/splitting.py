"""Splits texts into lower-case words in the composed form NFC.

Regular expressions of Python split texts of usual characters; the library tokenizers, which takes several times as long, splits
texts with others. Both split alike: what the two take for letters and for composed forms differs in those others alone.

Where characters are split, each character of a script without blanks is a word (scripts.UNSPACED).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from minnow.modalities.text.scripts import UNSPACED

_INVISIBLE = (
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200e-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb"
)
_NUMBERS = (
    "\xb2-\xb3\xb9\xbc-\xbe\u09f4-\u09f9\u0b72-\u0b77\u0bf0-\u0bf2\u0c78-\u0c7e\u0d58-\u0d5e\u0d70-\u0d78\u0f2a-\u0f33"
    "\u1369-\u137c\u17f0-\u17f9\u19da\u2070\u2074-\u2079\u2080-\u2089\u2150-\u215f\u2189\u2460-\u24ff\u2776-\u2793\u2cfd"
    "\u3192-\u3195\u3220-\u3229\u3248-\u325f\u3280-\u3289\u32b1-\u32bf\ua830-\ua835"
)
"""Other signs for the library, as fractions are."""
_CONNECTORS = "\u203f-\u2040\u2054\ufe33-\ufe34\ufe4d-\ufe4f\uff3f"
"""Letters for the library, as the low line is."""
_NEW = (
    "\u07fd\u0897-\u089f\u08ca-\u08d3\u09fe\u0c3c\u0cf3\u0d3b-\u0d3c\u0eba\u0ece\u1715\u1abf-\u1ace\u1c89-\u1c8a"
    "\u1df6-\u1dfa\ua7cb-\ua7dc\ua82c"
)
"""Characters that only one of the two knows."""
_BEYOND = "\ud800-\udfff\U00010000-\U0001efff\U0001f100-\U0001f10c\U0001f130-\U0001f189\U0001fb00-\U0010ffff"
"""What is behind the first 65,536 characters, without most symbols, such as emojis."""
_KNOWN = re.compile(f"[^{_INVISIBLE}{_NUMBERS}{_CONNECTORS}{_NEW}{_BEYOND}]*").fullmatch
_MARKS = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code))[0] == "M")
"""Marks, such as accents and the vowels of Hindi: part of a word for the library, but not for Python."""
_BLANK = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space; Python counts four control characters more."""
_OF_WORD, _OF_OTHERS = rf"[\w{_MARKS}]", rf"(?:(?![{UNSPACED}])[\w{_MARKS}])"
_FIND_ASCII = re.compile(rf"\w+(?:'\w+)*|[^\w{_BLANK}]").findall
_FIND = {
    False: re.compile(rf"{_OF_WORD}+(?:'{_OF_WORD}+)*|[^\w{_BLANK}]").findall,
    True: re.compile(rf"[{UNSPACED}][{_MARKS}]*|{_OF_OTHERS}+(?:'{_OF_OTHERS}+)*|[^\w{_BLANK}\u200b-\u200d]").findall,
}
"""Whether characters are split -> the words of a text of known characters, in lower case."""
_WORD = r"\w+(?:'\w+)*|[^\w\s]"
"""A word with its apostrophes ("don't"), or one other sign."""
_SPACED = rf"[\w&&[^{UNSPACED}]]"
_CHARACTER_OR_WORD = rf"[{UNSPACED}]\p{{M}}*|{_SPACED}+(?:'{_SPACED}+)*|[^\w\s\p{{Cf}}]"
"""A character of a script without blanks, with its marks; a word of another one; or one other sign that is visible."""
_NORMALIZER = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])  # pyright: ignore


def _library(characters: bool) -> Tokenizer:
    splitter = Tokenizer(models.WordLevel({"[unknown]": 0}, unk_token="[unknown]"))
    pattern = Regex(_CHARACTER_OR_WORD if characters else _WORD)
    splitter.pre_tokenizer = pre_tokenizers.Split(pattern, behavior="removed", invert=True)  # pyright: ignore
    return splitter


_LIBRARY = {characters: _library(characters) for characters in (False, True)}


def split(texts: Sequence[str], characters: bool = False) -> list[list[str]]:
    """Words of each text; signs are words. characters: whether scripts without blanks are split into characters."""
    words = [_split(text, characters) for text in texts]
    others = [text for text, found in zip(texts, words, strict=True) if found is None]
    rest = iter(split_by_library(others, characters) if others else [])
    return [next(rest) if found is None else found for found in words]


def _split(text: str, characters: bool) -> list[str] | None:
    """Words of a text; None where it has characters that are left to the library."""
    if text.isascii():
        return _FIND_ASCII(text.lower())
    if not _KNOWN(text):
        return None
    # Python has another small sigma at the end of a word
    return _FIND[characters](unicodedata.normalize("NFC", text).replace("\u03a3", "\u03c3").lower())


def split_by_library(texts: Sequence[str], characters: bool = False) -> list[list[str]]:
    """Words of each text as split finds them, by the library alone."""
    splitter, normal = _LIBRARY[characters], [_NORMALIZER.normalize_str(text) for text in texts]
    # for one text a pool of threads takes longer than the library
    encodings = splitter.encode_batch(normal) if len(normal) > 1 else [splitter.encode(text) for text in normal]
    return [
        [text[start:end] for start, end in encoding.offsets] for text, encoding in zip(normal, encodings, strict=True)
    ]

"""The vendor's prose as plain text: it comes as HTML, from whoever sells at the operator."""

from html.parser import HTMLParser

from ..parsing import Parsed, words

# More than any text that is shown; what a parser makes of the rest is not worth its time.
_READ_MAX = 4000
_UNSEEN = frozenset({"script", "style"})
_ANGLES = str.maketrans("<>", "  ")


def prose(value: Parsed, limit: int) -> str | None:
    """Return the words of a text without its markup, shortened; None where there are none."""
    if not isinstance(value, str):
        return None
    reader = _Reader()
    reader.feed(value[:_READ_MAX])
    reader.close()
    # What was written to look like a tag once it is read must not become one.
    text = words("".join(reader.heard).translate(_ANGLES), _READ_MAX)
    if text is None or len(text) <= limit:
        return text
    return f"{text[: limit - 1].rstrip()}…"


class _Reader(HTMLParser):
    """Hears the text of HTML, with a space wherever there was a tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.heard: list[str] = []
        self._unseen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen = tag in _UNSEEN
        self.heard.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = False
        self.heard.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.heard.append(data)

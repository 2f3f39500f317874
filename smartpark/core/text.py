"""One sentence in both languages of the product."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence for a person, in English and in Chinese.

    Example:
        >>> text = Text(en="Clip is empty.", zh="视频为空。")
        >>> text.say("zh")
        '视频为空。'
        >>> str(text)
        'Clip is empty.'
    """

    en: str
    zh: str

    def say(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.en

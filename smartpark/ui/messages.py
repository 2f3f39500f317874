"""What the screens say: one catalogue of sentences in both languages, looked up by key."""

from smartpark.core.text import Language, Text
from smartpark.ui.messages_common import COMMON
from smartpark.ui.messages_footage import FOOTAGE
from smartpark.ui.messages_jobs import JOBS

CATALOGUE: dict[str, Text] = {
    key: Text(en=en, zh=zh) for key, (en, zh) in {**COMMON, **FOOTAGE, **JOBS}.items()
}


def say(key: str, language: Language, **values: object) -> str:
    """Return the sentence of `key`, with `values` filled in.

    Example:
        >>> say("menu.footage", "zh")
        '视频分析'
    """
    sentence = CATALOGUE[key].say(language)
    return sentence.format(**values) if values else sentence


def name_of(group: str, name: str, language: Language) -> str:
    """Return how a kind, label or state is called, or the bare name for a plug-in's own.

    Example:
        >>> name_of("severity", "high", "zh"), name_of("severity", "odd", "en")
        ('高', 'odd')
    """
    text = CATALOGUE.get(f"{group}.{name}")
    return text.say(language) if text else name


def group(prefix: str, language: Language) -> dict[str, str]:
    """Return the sentences whose keys begin with `prefix.`, for a part in the browser.

    Example:
        >>> group("player", "en")["play"]
        'Play'
    """
    start = f"{prefix}."
    return {
        key.removeprefix(start): text.say(language)
        for key, text in CATALOGUE.items()
        if key.startswith(start)
    }

"""The examples of the plug-in guide do what the guide says."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[1] / "docs" / "plugins.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda code: re.search(r"class (\w+)", code)[1])
def test_an_example_of_the_guide_keeps_its_contract(example: str) -> None:
    names: dict = {"__name__": "guide"}
    exec(compile(example, str(GUIDE), "exec"), names)  # noqa: S102 - our own page

    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 1
    tests[0]()

"""A model's card vouches for its files."""

import json
from pathlib import Path

import pytest

from smartpark.core.errors import ModelError
from smartpark.models.card import BUILT_IN, digest, read_card


def write_card(folder: Path, **changes: object) -> Path:
    (folder / "net.onnx").write_bytes(b"a network")
    card = {
        "kind": "detector",
        "name": "mine",
        "labels": ["cat", "dog"],
        "files": {"net.onnx": digest(folder / "net.onnx")},
        "served": "net.onnx",
        "exact": "net.onnx",
    }
    (folder / "card.json").write_text(json.dumps(card | changes))
    return folder


def test_the_shipped_files_are_those_of_the_card() -> None:
    card = read_card(BUILT_IN, "nanodet_g.json")

    assert {card.checked(file).name for file in card.files} == set(card.files)
    assert len(card.labels) == 80
    assert "Apache-2.0" in card.licence


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    card = read_card(write_card(tmp_path))
    assert card.checked("net.onnx") == tmp_path / "net.onnx"

    (tmp_path / "net.onnx").write_bytes(b"another network")

    with pytest.raises(ModelError, match="damaged or was changed"):
        card.checked("net.onnx")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    card = read_card(write_card(tmp_path))
    (tmp_path / "net.onnx").unlink()

    with pytest.raises(ModelError, match=r"lacks its file net\.onnx"):
        card.checked("net.onnx")


def test_a_folder_without_a_card_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model: it has no card\.json"):
        read_card(tmp_path)


def test_a_card_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not that of a detector: kind"):
        read_card(write_card(tmp_path, kind="text"))


def test_a_card_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="beside the card"):
        read_card(write_card(tmp_path, served="../net.onnx"))

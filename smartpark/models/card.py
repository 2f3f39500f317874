"""A model's card: what it is, what it finds, and the digests of its files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smartpark.core.errors import ModelError
from smartpark.core.text import Text

BUILT_IN = Path(__file__).parent / "files"
CARD = "card.json"


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """A detector stored as files.

    Attributes:
        folder: where the card and its files lie.
        name: what people call it.
        labels: class names, in the order of the network's outputs.
        files: SHA-256 of each file, by file name.
        served: the ONNX file that is run on a processor.
        exact: the float32 ONNX file, for graphics cards and comparisons; may be `served` itself.
        licence: of the weights.
        origin: where the weights come from.
    """

    folder: Path
    name: str
    labels: tuple[str, ...]
    files: Mapping[str, str]
    served: str
    exact: str
    licence: str
    origin: str

    def version(self, file: str) -> str:
        """Return a short digest that changes whenever the file does."""
        return self.files[file][:12]

    def checked(self, file: str) -> Path:
        """Return the path of a file of this card.

        Raises:
            ModelError: the file is missing, or differs from what the card says.
        """
        path = self.folder / file
        if not path.is_file():
            raise ModelError(
                Text(
                    en=f"The model {self.name!r} lacks its file {file}. Copy its folder again.",
                    zh=f"模型“{self.name}”缺少文件 {file}，请重新复制整个文件夹。",
                )
            )
        if digest(path) != self.files.get(file):
            raise ModelError(
                Text(
                    en=f"The file {file} of the model {self.name!r} is damaged or was changed: "
                    "its digest is not the card's. Copy the model's folder again.",
                    zh=f"模型“{self.name}”的文件 {file} 已损坏或被改动：摘要与模型卡不符。"
                    "请重新复制整个文件夹。",
                )
            )
        return path


class _Card(BaseModel):
    model_config = ConfigDict(extra="allow")

    kind: str = Field(pattern="^detector$")
    name: str = Field(min_length=1)
    labels: tuple[str, ...] = Field(min_length=1)
    files: dict[str, str]
    served: str
    exact: str
    licence: str = ""
    origin: str = ""


def read_card(folder: Path, file: str = CARD) -> DetectorCard:
    """Return the card of a detector.

    Raises:
        ModelError: there is no card, or it is not a detector's.
    """
    path = folder / file
    try:
        card = _Card.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(
            Text(
                en=f"{str(folder)!r} is no model: it has no {file}. "
                "Name a folder that `smartpark finetune` wrote.",
                zh=f"“{folder}”不是模型：其中没有 {file}。请给出 smartpark finetune 写出的文件夹。",
            )
        ) from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ModelError(
            Text(
                en=f"The model card {str(path)!r} is not that of a detector: {wrong}.",
                zh=f"模型卡“{path}”不是检测器的模型卡：{wrong}。",
            )
        ) from error
    for name in (*card.files, card.served, card.exact):
        _refuse_outside(path, name)
    return DetectorCard(
        folder=folder,
        name=card.name,
        labels=card.labels,
        files=card.files,
        served=card.served,
        exact=card.exact,
        licence=card.licence,
        origin=card.origin,
    )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _refuse_outside(path: Path, name: str) -> None:
    if Path(name).name != name:
        raise ModelError(
            Text(
                en=f"The model card {str(path)!r} names {name!r}; files must lie beside the card.",
                zh=f"模型卡“{path}”引用了“{name}”；文件必须与模型卡放在同一文件夹。",
            )
        )

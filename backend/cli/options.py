"""Options that several commands share, and parameters that stand for several options."""

import inspect
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, get_args

import typer
import yaml
from pydantic.fields import FieldInfo

from backend.config_errors import validated
from backend.errors import InvalidInputError
from shared.base.config import Config
from shared.contract.search import EmbeddingSpace

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
Wait = Annotated[bool, typer.Option(help="Wait until it has ended; exit with 1 if it failed.")]
Label = Annotated[str | None, typer.Option("--name", help="A label for people.")]
RunId = Annotated[str, typer.Argument(help="Id of the run, such as quiet-spiral-4127.")]
DatasetId = Annotated[str, typer.Argument(help="Name of the dataset.")]
EncoderRun = Annotated[str, typer.Option("--run", help="Run that trained the encoder.")]
Checkpoint = Annotated[str, typer.Option(help="best, last or a step.")]
EvalDataset = Annotated[
    str | None, typer.Option("--dataset", help="Labelled dataset; the encoder's own by default.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="key=value; can be repeated. Overrides the preset.")
]
KEYWORD = inspect.Parameter.KEYWORD_ONLY


@dataclass(frozen=True)
class Options:
    """In an annotation: the parameter stands for the parameters of `make`, and gets what `make` returns."""

    make: Callable[..., Any]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter annotated with `Options` replaced by the options it stands for."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[Callable[..., Any], list[str]]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        marks = [one for one in get_args(parameter.annotation)[1:] if isinstance(one, Options)]
        own = list(inspect.signature(marks[0].make).parameters.values()) if marks else [parameter]
        parameters += [one.replace(kind=KEYWORD) for one in own]
        if marks:
            groups[name] = marks[0].make, [one.name for one in own]

    @wraps(command)
    def call(**given: Any) -> None:
        made = {name: make(**{key: given.pop(key) for key in keys}) for name, (make, keys) in groups.items()}
        command(**given, **made)

    call.__annotations__ = {one.name: one.annotation for one in parameters}
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def fields_of(
    config: type[Config],
    *,
    argument: str = "",
    paths: Collection[str] = (),
    spelled: Mapping[str, str] = {},
    without: Collection[str] = (),
) -> Options:
    """The fields of a config as options, with its defaults and descriptions. The parameter gets a dict of the
    values that differ from the defaults; those of `paths` are made absolute."""
    parameters = []
    for name, field in config.model_fields.items():
        shown = Path | None if name in paths else _shell_type(field)
        flags, text = [spelled[name]] if name in spelled else [], field.description
        info = typer.Argument(help=text) if name == argument else typer.Option(*flags, help=text)
        default = inspect.Parameter.empty if field.is_required() else _shell_default(field.default)
        parameter = inspect.Parameter(name, KEYWORD, default=default, annotation=Annotated[shown, info])
        parameters += [] if name in without else [parameter]

    def make(**given: Any) -> dict[str, Any]:
        values = {}
        for parameter in parameters:
            value = given[parameter.name]
            if value not in (None, [], parameter.default):
                values[parameter.name] = str(value.absolute()) if isinstance(value, Path) else value
        return values

    make.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return Options(make)


def _shell_type(field: FieldInfo) -> Any:
    """The type of an option for a field: its plain type, or text that the config checks itself."""
    optional = isinstance(field.annotation, UnionType)
    plain = get_args(field.annotation)[0] if optional else field.annotation
    if field.default == ():
        return list[str] | None
    shown = plain if plain in (bool, int, float) else str
    return shown | None if optional else shown


def _shell_default(default: Any) -> Any:
    return (",".join(default) or None) if isinstance(default, tuple) else default


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """{"depth": 4, "device": "cpu"} of ["depth=4", "device=cpu"]. Raises InvalidInputError."""
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InvalidInputError("bad_setting", f"--set {pair} has no value; write it as key=value")
        values[key.strip()] = _scalar(value.strip())
    return values


def _scalar(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return {"True": True, "False": False, "None": None}.get(value, value)


def read_launch_file(path: Path) -> dict[str, Any]:
    """The settings in a YAML file of the Launch page. Raises InvalidInputError, which names the line."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fault = " ".join(str(error).split())
        raise InvalidInputError(
            "bad_yaml", f"{path} is not valid YAML: {fault}; correct it", "config"
        ) from None
    if not isinstance(values, dict):
        raise InvalidInputError("bad_yaml", f"{path} has no settings; write key: value lines", "config")
    return values


def _space(
    run: EncoderRun,
    checkpoint: Checkpoint = "best",
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Dataset to search; the encoder's own by default.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(help="Block whose features are compared; the last by default.")
    ] = None,
    pooling: Annotated[str, typer.Option(help="cls, mean or both.")] = "mean",
) -> EmbeddingSpace:
    values = {"run": run, "checkpoint": checkpoint, "dataset": dataset, "depth": depth, "pooling": pooling}
    return validated(EmbeddingSpace, values)


Space = Annotated[EmbeddingSpace, Options(_space)]

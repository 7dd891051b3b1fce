"""The role of each column of a table: as configured, else by its name and contents."""

from collections.abc import Callable, Iterable

from backend.data.importers.names import (
    COLUMN_NAMES,
    ID_COLUMNS,
    ID_ENDINGS,
    IMAGE_COLUMNS,
    LABEL_COLUMNS,
    LABEL_ENDINGS,
    SPLIT_NAMES,
)  # fmt: skip
from backend.data.importers.reporting import Findings
from backend.data.layout import MAX_CLASSES
from backend.errors import DataError
from shared.configs import ImportConfig
from shared.configs.datasets import COLUMN_FIELDS, NO_COLUMN

DISTINCT_SHARE = 0.9
Rows = list[dict[str, str]]


def constant_scale(config: ImportConfig) -> float | None:
    """The pixel scale in arcsec per pixel if `pxscale` is a number; DataError if it is not above 0."""
    try:
        value = float(config.pxscale or "")
    except ValueError:
        return None
    if not 0 < value < 1e6:
        why = f"pxscale {config.pxscale} is not a pixel scale; give arcsec per pixel above 0, such as 0.262."
        raise DataError("bad_pxscale", why, "pxscale")
    return value


def refuse_columns_without_table(config: ImportConfig) -> None:
    """DataError if a column is named but there is no table."""
    if config.targets:
        why = f"targets names the columns '{config.targets[:100]}' but there is no table; set labels to one."
        raise DataError("no_table", why, "targets")
    for field in COLUMN_FIELDS:
        value = getattr(config, field)
        if value in (None, "", NO_COLUMN) or (field == "pxscale" and constant_scale(config) is not None):
            continue
        why = f"{field} names the column '{value}' but there is no table; set labels to a table."
        raise DataError("no_table", why, field)


class RoleFinder:
    """Finds the column of each field of COLUMN_FIELDS from the header and the first rows of a table."""

    def __init__(
        self,
        config: ImportConfig,
        table: str,
        columns: list[str],
        sample: Rows,
        has_image: Callable[[str], bool] | None,
    ) -> None:
        self._config, self._table, self._columns = config, table, columns
        self._sample, self._has_image = sample, has_image
        self._by_lower = {name.lower(): name for name in reversed(columns)}
        self._taken: set[str] = set()

    def find(self, findings: Findings) -> dict[str, str | None]:
        """The column in effect by field, None for none. A named column that does not exist is a problem, as
        is a table of images without a column of images."""
        roles: dict[str, str | None] = dict.fromkeys(COLUMN_FIELDS)
        given = {field: getattr(self._config, field) for field in COLUMN_FIELDS}
        for field, name in given.items():
            with findings.trying():
                roles[field] = self._given(field, name)
        self._taken = {column for column in roles.values() if column is not None}
        guesses = {"image_column": self._image, "label_column": self._label, "id_column": self._id}
        for field, name in given.items():
            if name in (None, "") and not (field == "image_column" and self._has_image is None):
                with findings.trying():
                    guess = guesses[field]() if field in guesses else self._by_name(field)
                    roles[field] = guess
                    self._taken |= {guess} if guess else set()
        return roles

    def _given(self, field: str, name: str | None) -> str | None:
        if name in (None, "", NO_COLUMN):
            return None
        if field == "pxscale" and constant_scale(self._config) is not None and name not in self._columns:
            return None
        if name not in self._columns:
            why = f"{self._table} has no column '{name}'; set {field} to one of: {self._listed()}."
            raise DataError("unknown_column", why, field)
        return name

    def _listed(self) -> str:
        return ", ".join(self._columns[:60])

    def _free(self, names: Iterable[str]) -> list[str]:
        """Columns with these lower-case names and no role yet."""
        found = [self._by_lower[name] for name in names if name in self._by_lower]
        return [name for name in found if name not in self._taken]

    def _ending(self, endings: tuple[str, ...]) -> list[str]:
        return [name for name in self._columns if name.lower().endswith(endings) and name not in self._taken]

    def _values(self, column: str) -> list[str]:
        return [row[column] for row in self._sample if row[column]]

    def _image(self) -> str:
        has_image = self._has_image or (lambda _: False)
        named = self._free(IMAGE_COLUMNS)
        for column in named or self._columns:
            values = self._values(column)
            if column not in self._taken and values and sum(map(has_image, values)) > len(values) / 2:
                return column
        if named:
            return named[0]
        why = f"{self._table} has no column of image files; set image_column to one of: {self._listed()}."
        raise DataError("unknown_column", why, "image_column")

    def _label(self) -> str | None:
        named = self._free(LABEL_COLUMNS)
        if named:
            return named[0]
        for column in self._ending(LABEL_ENDINGS):
            if 2 <= len(set(self._values(column))) <= MAX_CLASSES:
                return column
        return None

    def _id(self) -> str | None:
        for column in dict.fromkeys([*self._free(ID_COLUMNS), *self._ending(ID_ENDINGS)]):
            values = self._values(column)
            if values and len(set(values)) >= DISTINCT_SHARE * len(self._sample):
                return column
        return None

    def _by_name(self, field: str) -> str | None:
        if field == "pxscale" and constant_scale(self._config) is not None:
            return None
        for column in self._free(COLUMN_NAMES[field]):
            if self._believable(field, column):
                return column
        return None

    def _believable(self, field: str, column: str) -> bool:
        """A column z beside g or r is a magnitude, and a `set` is a split only if its values name splits."""
        if column.lower() == "z":
            return not {"g", "r"} & set(self._by_lower)
        if field == "split_column" and column.lower() != "split":
            values = self._values(column)
            return bool(values) and all(value.lower() in SPLIT_NAMES for value in values)
        return True


def targets_of(config: ImportConfig, table: str, columns: list[str], findings: Findings) -> list[str]:
    """The columns that `targets` names; one that does not exist is a problem."""
    names = [name.strip() for name in (config.targets or "").split(",") if name.strip()]
    with findings.trying():
        unknown = next((name for name in names if name not in columns), None)
        if unknown is not None:
            listed = ", ".join(columns[:60])
            why = f"{table} has no column '{unknown}'; set targets to some of: {listed}."
            raise DataError("unknown_column", why, "targets")
    return [name for name in dict.fromkeys(names) if name in columns]

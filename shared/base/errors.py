"""What an error looks like on the wire."""

from pydantic import BaseModel, ConfigDict


class ErrorBody(BaseModel):
    """The body of every answer that is not 2xx.

    `code` is a stable word for programs (``dataset_exists``); `detail` is one sentence for a person: it
    names the offending value and says what to do next. `field` names the config field at fault, if one is.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str
    field: str | None = None

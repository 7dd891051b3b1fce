"""`galaxyscope notices` and `galaxyscope webhook`"""

from typing import Annotated

import typer
from pydantic import ValidationError

from backend.cli.data import Json
from backend.cli.output import print_json, print_notices, print_webhook
from backend.cli.session import open_home
from backend.config_errors import config_error
from backend.errors import InvalidInputError
from backend.services.runs import notices as service
from shared.contract.system import NoticeKind, WebhookConfig


def notices(
    limit: Annotated[int, typer.Option(min=1, max=500, help="The newest so many.")] = 20,
    as_json: Json = False,
) -> None:
    """Runs that are done, failed, died, diverged or stall, newest first."""
    found = service.list_notices(open_home().database, 0, limit)
    print_json(found) if as_json else print_notices(found)


def webhook(
    url: Annotated[str | None, typer.Option("--url", help="Send notices there from now on.")] = None,
    only: Annotated[
        list[NoticeKind] | None, typer.Option("--only", help="Only this kind; may be repeated.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Send none.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Send a sentence there now.")] = False,
    as_json: Json = False,
) -> None:
    """Where notices are sent, as JSON with `text`, which chat services show, and `notices`."""
    if off and url is not None:
        raise InvalidInputError("url_and_off", "give --url or --off, not both", "url")
    database = open_home().database
    if off or url is not None or only:
        kinds = tuple(only) if only else tuple(NoticeKind)
        address = "" if off else url if url is not None else service.read_webhook(database).url
        try:
            service.set_webhook(database, WebhookConfig(url=address, kinds=kinds))
        except ValidationError as error:
            raise config_error(error) from None
    tested = service.try_webhook(database) if test else None
    found = service.read_webhook(database)
    print_json({**found.model_dump(mode="json"), "test": tested and tested.model_dump()}) if as_json else (
        print_webhook(found, tested)
    )

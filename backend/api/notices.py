"""Routes of notices and their webhook."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.deps import ServicesDep
from backend.services.runs import notices
from shared.contract import routes
from shared.contract.system import Notice, Webhook, WebhookConfig, WebhookTest

router = APIRouter(tags=["notices"])


@router.get(routes.NOTICES)
def list_notices(
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, description="Only those with a greater id.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[Notice]:
    """Newest first."""
    return notices.list_notices(services.database, after, limit)


@router.get(routes.WEBHOOK)
def read_webhook(services: ServicesDep) -> Webhook:
    return notices.read_webhook(services.database)


@router.put(routes.WEBHOOK)
def set_webhook(services: ServicesDep, config: WebhookConfig) -> Webhook:
    """Say where notices are sent from now on; an empty address sends none."""
    return notices.set_webhook(services.database, config)


@router.post(routes.WEBHOOK_TEST)
def try_webhook(services: ServicesDep) -> WebhookTest:
    """Send a sentence there at once."""
    return notices.try_webhook(services.database)

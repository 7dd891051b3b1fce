"""Notices, as the client asks for them."""

from frontend.connection import Connection
from shared.contract import routes
from shared.contract.system import Notice, Webhook, WebhookConfig, WebhookTest


class NoticeCalls(Connection):
    """One method a route of notices."""

    def list_notices(self, *, after: int = 0) -> list[Notice]:
        """Newest first."""
        return self._get(list[Notice], routes.NOTICES, {"after": after})

    def get_webhook(self) -> Webhook:
        return self._get(Webhook, routes.WEBHOOK)

    def set_webhook(self, config: WebhookConfig) -> Webhook:
        """Say where notices are sent from now on."""
        return self._send(Webhook, "PUT", routes.WEBHOOK, config.model_dump(mode="json"))

    def test_webhook(self) -> WebhookTest:
        """Send a sentence there at once."""
        return self._send(WebhookTest, "POST", routes.WEBHOOK_TEST)

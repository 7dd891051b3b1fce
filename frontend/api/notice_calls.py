"""Client methods for notices."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.system import Webhook, WebhookConfig, WebhookTest


class NoticeCalls(Connection):
    """One method per route."""

    def get_webhook(self) -> Webhook:
        return self._get(Webhook, routes.WEBHOOK)

    def set_webhook(self, config: WebhookConfig) -> Webhook:
        """Set the address that receives notices."""
        return self._send(Webhook, "PUT", routes.WEBHOOK, config.model_dump(mode="json"))

    def test_webhook(self) -> WebhookTest:
        """Send a test message to it."""
        return self._send(WebhookTest, "POST", routes.WEBHOOK_TEST)

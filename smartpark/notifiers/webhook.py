"""The notifier that posts each alert as JSON to an address, signed where a secret is set."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from smartpark.core.errors import SettingsError, SmartParkError
from smartpark.core.text import Text
from smartpark.core.values import Alert

# A receiver that is slower than this is tried again later, seconds.
TIMEOUT_S = 10.0
SIGNATURE_HEADER = "X-SmartPark-Signature"


class WebhookNotifier:
    """Posts alerts over HTTP; redirects are not followed, so the address is the one that was set.

    Args:
        url: where to post, `http` or `https`.
        secret: key of the signature; None sends no signature.
        timeout_s: how long to wait for the receiver, seconds.
    """

    name = "webhook"

    def __init__(
        self, url: str, *, secret: SecretStr | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise SettingsError(_BAD_URL)
        self._url = url
        self._secret = secret
        self._timeout_s = timeout_s

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Return the notifier for `webhook_url` and `webhook_secret` of the settings."""
        return cls(options.get("webhook_url") or "", secret=options.get("webhook_secret"))

    def send(self, alert: Alert) -> None:
        """Post one alert; raise where the receiver does not answer with success."""
        body = json.dumps(document(alert), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "SmartPark"}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = sign(body, self._secret.get_secret_value())
        try:
            answer = httpx.post(
                self._url,
                content=body,
                headers=headers,
                timeout=self._timeout_s,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            # The address may carry a token, so only its host is repeated.
            raise _failed(urlsplit(self._url).hostname, type(error).__name__) from error
        if not answer.is_success:
            raise _failed(urlsplit(self._url).hostname, f"HTTP {answer.status_code}")


def sign(body: bytes, secret: str) -> str:
    """Return the signature that a receiver compares with its own over the raw body.

    Example:
        >>> sign(b"{}", "key")[:20]
        'sha256=3cf53a8b1e6c6'
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def document(alert: Alert) -> dict[str, Any]:
    """Return the JSON form of an alert as a receiver sees it."""
    event = alert.event
    evidence = dict(event.evidence)
    return {
        "type": "alert",
        "key": alert.key,
        "severity": alert.severity,
        "kind": event.kind,
        "text": {"en": event.text.en, "zh": event.text.zh},
        "clip": evidence.pop("clip", None),
        "raised_at": evidence.pop("raised_at", None),
        "start_s": event.start_s,
        "end_s": event.end_s,
        "zone": event.zone,
        "line": event.line,
        "track_ids": list(event.track_ids),
        "score": event.score,
        "evidence": evidence,
    }


def _failed(host: str | None, reason: str) -> SmartParkError:
    return SmartParkError(
        Text(
            en=f"The webhook at {host} did not take the alert ({reason}). It is tried again; "
            "check SMARTPARK_WEBHOOK_URL and the receiver.",
            zh=f"位于 {host} 的 Webhook 未接收警报（{reason}）。系统会重试；"
            "请检查 SMARTPARK_WEBHOOK_URL 和接收端。",
        )
    )


_BAD_URL = Text(
    en="The webhook notifier needs SMARTPARK_WEBHOOK_URL, an address that begins with "
    "http:// or https://.",
    zh="Webhook 通知需要设置 SMARTPARK_WEBHOOK_URL，地址须以 http:// 或 https:// 开头。",
)

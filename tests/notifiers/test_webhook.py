"""The webhook notifier against a receiver on this machine."""

import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from pydantic import SecretStr

from smartpark.core.errors import SettingsError, SmartParkError
from smartpark.core.protocols import Notifier
from smartpark.core.values import Alert
from smartpark.notifiers.webhook import WebhookNotifier
from smartpark.testing.rows import intrusion
from smartpark.testing.servers import web_server

ALERT = Alert(
    replace(intrusion(3), evidence={"clip": "门口.mp4", "raised_at": "now", "limit_s": 1.0}), "k"
)


def test_the_receiver_gets_the_alert_as_json() -> None:
    with web_server() as server:
        WebhookNotifier(f"{server.url}hook?token=1").send(ALERT)

    [request] = server.received
    assert request.path == "/hook?token=1"
    assert request.headers["content-type"] == "application/json"
    assert "x-smartpark-signature" not in request.headers
    assert json.loads(request.body) == {
        "type": "alert",
        "key": "k",
        "severity": "medium",
        "kind": "intrusion",
        "text": {"en": "Person 3 entered “Lawn”.", "zh": "人员 3 进入了“草坪”。"},
        "clip": "门口.mp4",
        "raised_at": "now",
        "start_s": 1.0,
        "end_s": 3.5,
        "zone": "Lawn",
        "line": None,
        "track_ids": [3],
        "score": 0.75,
        "evidence": {"limit_s": 1.0},
    }


def test_the_receiver_can_check_the_signature_over_the_raw_body() -> None:
    with web_server() as server:
        WebhookNotifier(server.url, secret=SecretStr("s3cret")).send(ALERT)

    [request] = server.received
    expected = hmac.new(b"s3cret", request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-smartpark-signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [302, 307, 400, 500])
def test_anything_but_success_is_a_failure_and_no_redirect_is_followed(status: int) -> None:
    with web_server(status) as server, pytest.raises(SmartParkError, match=f"HTTP {status}"):
        WebhookNotifier(server.url).send(ALERT)

    assert len(server.received) == 1


def test_a_receiver_that_is_not_there_is_a_failure_without_the_address_in_full() -> None:
    with pytest.raises(SmartParkError, match=r"127\.0\.0\.1 did not take") as caught:
        WebhookNotifier("http://127.0.0.1:1/hook?token=hidden").send(ALERT)

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://host/", "http://", "host/path"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="SMARTPARK_WEBHOOK_URL"):
        WebhookNotifier.from_options({"webhook_url": url, "webhook_secret": None})


def test_it_keeps_the_promise_of_a_notifier() -> None:
    assert isinstance(WebhookNotifier("https://example.org/"), Notifier)

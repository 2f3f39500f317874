"""The e-mail notifier against a mail server on this machine."""

import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from smartpark.core.errors import SettingsError, SmartParkError
from smartpark.core.protocols import Notifier
from smartpark.core.text import Text
from smartpark.core.values import Alert
from smartpark.notifiers.email import EmailNotifier, MailServer
from smartpark.testing.rows import intrusion
from smartpark.testing.servers import mail_server

ALERT = Alert(replace(intrusion(3, severity="high"), evidence={"clip": "门口.mp4"}), "k")


def notifier(server: MailServer) -> EmailNotifier:
    return EmailNotifier(
        server, sender="park@example.org", receivers=["a@example.org", "b@x.cn"], park_name="公园"
    )


def test_the_mail_says_it_in_both_languages() -> None:
    with mail_server() as server:
        notifier(MailServer("127.0.0.1", server.port)).send(ALERT)

    [mail] = server.mails
    subject = "[公园] High / 高: Person 3 entered “Lawn”. / 人员 3 进入了“草坪”。"
    assert mail["Subject"] == subject
    assert (mail["From"], mail["To"]) == ("park@example.org", "a@example.org, b@x.cn")
    body = mail.get_content()
    assert "Clip: 门口.mp4, 1.0 s – 3.5 s" in body
    assert "级别：高" in body
    assert mail.get_content_type() == "text/plain"


def test_a_name_with_a_line_break_cannot_add_a_header() -> None:
    text = Text(en="In “Lawn\r\nBcc: all@example.org”.", zh="“草坪”。")
    with mail_server() as server:
        notifier(MailServer("127.0.0.1", server.port)).send(
            Alert(replace(ALERT.event, text=text), "k")
        )

    [mail] = server.mails
    assert mail["Bcc"] is None
    assert "Lawn Bcc: all@example.org" in mail["Subject"]


def test_a_refused_receiver_is_a_failure() -> None:
    with mail_server(refuses=True) as server, pytest.raises(SmartParkError, match="did not take"):
        notifier(MailServer("127.0.0.1", server.port)).send(ALERT)


def test_a_server_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(SmartParkError, match=r"127\.0\.0\.1 did not take"):
        notifier(MailServer("127.0.0.1", 1)).send(ALERT)


def test_the_password_is_never_sent_in_the_clear() -> None:
    with mail_server() as server, pytest.raises(SettingsError, match="password was not sent"):
        notifier(
            MailServer("127.0.0.1", server.port, user="mei", password=SecretStr("s3cret"))
        ).send(ALERT)

    assert server.log_ins == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("tls")
    options = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run([openssl, *options.split()], cwd=folder, check=True, capture_output=True)
    return folder


def test_a_server_that_offers_tls_gets_mail_and_password_encrypted(certificate: Path) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    ours = ssl.create_default_context(cafile=certificate / "cert.pem")
    with mail_server(tls=theirs) as server:
        place = MailServer(
            "127.0.0.1", server.port, user="mei", password=SecretStr("s3cret"), tls=ours
        )
        notifier(place).send(ALERT)

    assert server.was_encrypted == [True]
    assert len(server.log_ins) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with mail_server(tls=theirs) as server, pytest.raises(SmartParkError, match="CERTIFICATE"):
        notifier(MailServer("127.0.0.1", server.port)).send(ALERT)

    assert server.mails == []


@pytest.mark.parametrize("missing", ["smtp_host", "smtp_from", "smtp_to"])
def test_a_missing_setting_is_named(missing: str) -> None:
    options = {"smtp_host": "h", "smtp_from": "a@b", "smtp_to": "c@d, ", missing: None}

    with pytest.raises(SettingsError, match=f"SMARTPARK_{missing.upper()}"):
        EmailNotifier.from_options(options)


def test_it_keeps_the_promise_of_a_notifier() -> None:
    assert isinstance(notifier(MailServer("localhost")), Notifier)

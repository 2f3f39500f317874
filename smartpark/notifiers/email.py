"""The notifier that mails each alert, in both languages, through a mail server."""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Self

from pydantic import SecretStr

from smartpark.core.errors import SettingsError, SmartParkError
from smartpark.core.text import Text
from smartpark.core.values import Alert, Severity

TIMEOUT_S = 20.0
# The port on which a server speaks TLS from the first byte.
TLS_PORT = 465

_SEVERITY: dict[Severity, Text] = {
    "info": Text(en="Info", zh="提示"),
    "low": Text(en="Low", zh="低"),
    "medium": Text(en="Medium", zh="中"),
    "high": Text(en="High", zh="高"),
}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.

    Attributes:
        host: name of the server.
        port: 465 speaks TLS at once; on others STARTTLS is used where the server offers it.
        user: user name; None sends without logging in.
        password: sent over TLS only.
        timeout_s: how long to wait for the server, seconds.
        tls: how certificates are checked; None uses the system's authorities.
    """

    host: str
    port: int = 587
    user: str | None = None
    password: SecretStr | None = None
    timeout_s: float = TIMEOUT_S
    tls: ssl.SSLContext | None = None


class EmailNotifier:
    """Mails alerts.

    Args:
        server: where mail is handed in.
        sender: address that the mail comes from.
        receivers: addresses that it goes to.
        park_name: shown in the subject.
    """

    name = "email"

    def __init__(
        self, server: MailServer, *, sender: str, receivers: Sequence[str], park_name: str
    ) -> None:
        if not (server.host and sender and receivers):
            raise SettingsError(_INCOMPLETE)
        self._server = server
        self._sender = sender
        self._receivers = tuple(receivers)
        self._park_name = park_name

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Return the notifier for the `smtp_…` settings."""
        receivers = (part.strip() for part in (options.get("smtp_to") or "").split(","))
        return cls(
            MailServer(
                host=options.get("smtp_host") or "",
                port=options.get("smtp_port") or 587,
                user=options.get("smtp_user"),
                password=options.get("smtp_password"),
            ),
            sender=options.get("smtp_from") or "",
            receivers=[receiver for receiver in receivers if receiver],
            park_name=options.get("park_name") or "SmartPark",
        )

    def send(self, alert: Alert) -> None:
        """Mail one alert; raise where the server does not take it for every receiver."""
        try:
            with _connect(self._server) as connection:
                _log_in(connection, self._server)
                refused = connection.send_message(self._compose(alert))
        except (OSError, smtplib.SMTPException) as error:
            raise _failed(self._server.host, f"{type(error).__name__}: {error}") from error
        if refused:
            raise _failed(self._server.host, f"refused: {', '.join(refused)}")

    def _compose(self, alert: Alert) -> EmailMessage:
        mail = EmailMessage()
        severity = _SEVERITY[alert.severity]
        subject = (
            f"[{self._park_name}] {severity.en} / {severity.zh}: {alert.text.en} / {alert.text.zh}"
        )
        # A clip or a zone may carry any name, and a header only one line.
        mail["Subject"] = " ".join(subject.split())[:200]
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._receivers)
        mail["Date"] = formatdate(localtime=False)
        mail["Message-ID"] = make_msgid(domain="smartpark.invalid")
        mail.set_content(_body(alert))
        return mail


def _body(alert: Alert) -> str:
    event = alert.event
    clip = str(event.evidence.get("clip", ""))
    raised_at = str(event.evidence.get("raised_at", ""))
    severity = _SEVERITY[alert.severity]
    place = event.zone or event.line or "-"
    moment = f"{event.start_s:.1f} s – {event.end_s:.1f} s"
    return "\n".join(
        (
            alert.text.en,
            "",
            f"Severity: {severity.en}",
            f"Zone or line: {place}",
            f"Clip: {clip}, {moment}",
            f"Raised: {raised_at}",
            "",
            "----",
            "",
            alert.text.zh,
            "",
            f"级别：{severity.zh}",
            f"区域或检测线：{place}",
            f"视频：{clip}，{moment}",
            f"时间：{raised_at}",
            "",
        )
    )


def _connect(server: MailServer) -> smtplib.SMTP:
    tls = server.tls or ssl.create_default_context()
    if server.port == TLS_PORT:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=tls)
    connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        connection.ehlo()
        if connection.has_extn("starttls"):
            connection.starttls(context=tls)
            connection.ehlo()
    except BaseException:
        connection.close()
        raise
    return connection


def _log_in(connection: smtplib.SMTP, server: MailServer) -> None:
    if server.user is None:
        return
    if not isinstance(connection.sock, ssl.SSLSocket):
        raise SettingsError(_NO_TLS)
    password = "" if server.password is None else server.password.get_secret_value()
    connection.login(server.user, password)


def _failed(host: str, reason: str) -> SmartParkError:
    return SmartParkError(
        Text(
            en=f"The mail server {host} did not take the alert ({reason}). It is tried again; "
            "check the SMARTPARK_SMTP settings.",
            zh=f"邮件服务器 {host} 未接收警报（{reason}）。系统会重试；"
            "请检查 SMARTPARK_SMTP 相关设置。",
        )
    )


_INCOMPLETE = Text(
    en="The e-mail notifier needs SMARTPARK_SMTP_HOST, SMARTPARK_SMTP_FROM and SMARTPARK_SMTP_TO.",
    zh="邮件通知需要设置 SMARTPARK_SMTP_HOST、SMARTPARK_SMTP_FROM 和 SMARTPARK_SMTP_TO。",
)
_NO_TLS = Text(
    en="The mail server offers no encryption, so the password was not sent. Use a port with TLS, "
    "or leave SMARTPARK_SMTP_USER out.",
    zh="邮件服务器不支持加密，因此未发送密码。请改用支持 TLS 的端口，"
    "或不设置 SMARTPARK_SMTP_USER。",
)

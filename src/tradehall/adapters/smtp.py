"""E-mail by SMTP, with TLS unless it is said otherwise."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import Policy
from email.utils import parseaddr

import aiosmtplib

from tradehall.kernel.notices.senders import Fate, NotAccepted, Outgoing, Receipt, Reply, Unsure, masked

PATIENCE = 10.0


class Whole(str):
    """A header that goes out on one line: Python would encode an address that is longer than a line as words."""

    name = "List-Unsubscribe"

    def fold(self, *, policy: Policy) -> str:
        """The line."""
        return f"{self.name}: {self}{policy.linesep}"


class Smtp:
    """Takes e-mail. The Message-ID of a message is the same at every try, so that doubles are known as such."""

    name = "smtp"
    is_real = True

    def __init__(self, host: str, port: int, user: str, password: str, sender: str, tls: str) -> None:
        self._host, self._port, self._sender = host, port, parseaddr(sender)
        self._login = (user, password) if user else (None, None)
        self._tls = tls

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a message over; raises NotAccepted or Unsure."""
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, username=self._login[0], password=self._login[1], timeout=PATIENCE,
            use_tls=self._tls == "tls", start_tls=self._tls == "starttls",
        )  # fmt: skip
        mail = self._letter(message)
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotAccepted(
                "The mail server can't be used", f"{type(error).__name__}: {error}", again=True
            ) from error
        try:
            await client.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients[0], message) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error, message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unsure("The connection to the mail server was lost before it answered") from error
        finally:
            client.close()
        return Receipt(mail["Message-ID"])

    def _letter(self, message: Outgoing) -> EmailMessage:
        mail = EmailMessage()
        name, address = self._sender
        try:
            mail["From"] = Address(name, addr_spec=address)
            mail["To"] = Address(addr_spec=message.to)
        except ValueError as error:
            raise NotAccepted("This is no e-mail address that a mail server knows") from error
        mail["Subject"] = message.subject
        mail["Message-ID"] = f"<{message.unique}@{address.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        if message.unsubscribe:
            mail["List-Unsubscribe"] = Whole(f"<{message.unsubscribe}>")
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(message.text)
        return mail

    def heard(self, url: str, headers: Mapping[str, str], body: bytes) -> Fate | Reply | None:
        """A mail server reports nothing."""
        return None


def _refused(error: aiosmtplib.SMTPResponseException, message: Outgoing) -> NotAccepted:
    details = f"{error.code}: {error.message}".replace(message.to, masked(message.to))
    if error.code < 500:
        return NotAccepted("The mail server takes no messages just now", details, again=True)
    return NotAccepted("The mail server refused this message", details)

"""Every setting of an installation, each with a working default; names are those that the contracts use."""

import os
import secrets
import sys
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tradehall.kernel.hosts import is_loopback
from tradehall.kernel.limits import Limit

WEAK = ("secret", "changeme", "change-me", "your-secret-key", "password", "default", "example")
SHORTEST_SECRET = 16
SECRETS = (
    "secret_key",
    "database_url",
    "backup_passphrase",
    "redis_url",
    "metrics_token",
    "aws_secret_access_key",
    "openid_client_secret",
    "twilio_auth_token",
    "smtp_password",
    "paystack_secret_key",
    "vapid_private_key",
)
REQUESTS, SIGN_INS = "600/minute", "30/minute"


class Settings(BaseSettings):
    """Read from the environment and from `.env`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    app_name: str = ""
    app_version: str = "1.0.0"
    debug: bool = False
    database_url: str | None = None
    secret_key: str = ""
    access_token_expire_minutes: int = Field(30, ge=1, le=60 * 24 * 30)
    refresh_token_expire_days: int = Field(7, ge=1, le=365)
    public_url: str = ""
    allowed_origins: str = ""
    cors_origins: str = ""
    tradehall_data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8000
    open: bool = False
    trade_hosts: str = ""
    backup_every: int = Field(24, ge=0, le=24 * 31)
    backup_changes_every: int = Field(3, ge=0, le=24 * 60)
    backup_keep_days: int = Field(14, ge=1, le=3650)
    backup_to: str = ""
    backup_uploads: bool = True
    backup_key: str = ""
    backup_passphrase: str = ""
    trusted_proxies: str = ""
    rate_limit: str | None = None
    rate_limit_auth: str | None = None
    redis_url: str = ""
    metrics_token: str = ""
    max_connections: int = Field(12_000, ge=10)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["", "json", "console"] = ""
    audit_anchor: Path | None = None
    openid_issuer: str = ""
    openid_client_id: str = ""
    openid_client_secret: str = ""
    file_store: str = ""
    aws_endpoint_url: str = ""
    aws_region: str = ""
    aws_access_key_id: str = ""
    aws_secret_access_key: str = ""
    upload_max_mb: int = Field(10, ge=1, le=1024)
    upload_quota_mb: int = Field(2048, ge=1)
    enable_sms: bool = False
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_phone_number: str = ""
    twilio_base_url: str = "https://api.twilio.com"
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = ""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    paystack_secret_key: str = ""
    paystack_base_url: str = "https://api.paystack.co"
    vapid_private_key: str = ""
    vapid_subject: str = ""
    cycle_normal_seconds: int | None = Field(None, ge=1, le=86_400)
    cycle_extra_5_seconds: int | None = Field(None, ge=1, le=86_400)
    cycle_extra_10_seconds: int | None = Field(None, ge=1, le=86_400)
    cycle_extra_15_seconds: int | None = Field(None, ge=1, le=86_400)
    offer_seconds: int | None = Field(None, ge=1, le=86_400)
    hold_seconds: int | None = Field(None, ge=1, le=86_400)
    grace_seconds: int | None = Field(None, ge=1, le=86_400)
    fault_report_disable_threshold: int | None = Field(None, ge=1, le=1000)
    max_active_connections: int | None = Field(None, ge=1)
    file_link_minutes: int = Field(60, ge=1, le=60 * 24)
    webhooks_allow_private: bool = False

    @classmethod
    def read(cls, **given: Any) -> Self:
        """The settings of the environment, with what is given on top."""
        return cls(**given)

    @property
    def origins(self) -> frozenset[str]:
        """The web origins that may call: `ALLOWED_ORIGINS` and `CORS_ORIGINS`, separated by commas."""
        listed = f"{self.allowed_origins},{self.cors_origins}".strip().replace("[", "").replace("]", "")
        return frozenset(each.strip(" \"'").rstrip("/") for each in listed.split(",") if each.strip(" \"'"))

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: str) -> str:
        for each in listed(given):
            ip_network(each, strict=False)
        return given

    @field_validator("rate_limit", "rate_limit_auth")
    @classmethod
    def _limit(cls, given: str | None) -> str | None:
        Limit.parse(given or "")
        return given

    @property
    def limits(self) -> tuple[Limit | None, Limit | None]:
        """How often somebody may ask, and sign in. Unless it is said, there is no limit where only this machine asks."""
        if self.open:
            return None, None
        public = not is_loopback(self.host) or bool(self.trusted_proxies)
        chosen = [self.rate_limit, self.rate_limit_auth]
        usual = [REQUESTS, SIGN_INS] if public else ["off", "off"]
        asking, signing_in = (Limit.parse(each if each is not None else usual[n]) for n, each in enumerate(chosen))
        return asking, signing_in

    @property
    def proxies(self) -> list[str]:
        """The addresses and networks of `TRUSTED_PROXIES`."""
        return listed(self.trusted_proxies)

    @property
    def log_as_json(self) -> bool:
        """Whether the log is one JSON object a line; if it isn't said, it is unless a terminal shows it."""
        return self.log_format == "json" or (not self.log_format and not sys.stderr.isatty())

    @property
    def hosts(self) -> dict[str, str]:
        """Host name to trade, from `TRADE_HOSTS=shop.example.com=phoneshop,...`."""
        pairs = (each.split("=", 1) for each in self.trade_hosts.split(",") if "=" in each)
        return {host.strip().lower(): trade.strip() for host, trade in pairs}

    @property
    def openid(self) -> dict[str, tuple[str, str, str]]:
        """Each sign-in provider: issuer, client id and secret, by its name; raises ValueError where one is half told.

        `OPENID_ISSUER=https://accounts.example.com` is called `openid`; several are named: `work=https://...,shop=https://...`.
        """
        given = (self.openid_issuer, self.openid_client_id, self.openid_client_secret)
        if self.openid_issuer.startswith("http"):
            return {"openid": given}
        told = [dict(each.partition("=")[::2] for each in listed(text)) for text in given]
        if not all(each.keys() == told[0].keys() for each in told):
            raise ValueError("OPENID_ISSUER, OPENID_CLIENT_ID and OPENID_CLIENT_SECRET must name the same providers")
        return {name: (told[0][name], told[1][name], told[2][name]) for name in told[0]}

    @property
    def bucket(self) -> dict[str, str]:
        """Where the bucket of `FILE_STORE` is, and with which key."""
        return {
            "endpoint": self.aws_endpoint_url,
            "region": self.aws_region,
            "key": self.aws_access_key_id,
            "secret": self.aws_secret_access_key,
        }

    @property
    def base_url(self) -> str:
        """Where people reach this installation: `PUBLIC_URL`, or where it listens."""
        host = "localhost" if is_loopback(self.host) or self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    def secret(self) -> str:
        """What tokens are signed with: `SECRET_KEY`, or one that was made in the data folder at the first start."""
        if self.secret_key:
            return self.secret_key
        path = self.tradehall_data / "secret.key"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            made = path.with_name(f".{path.name}.{os.getpid()}")
            made.touch(mode=0o600)
            made.write_text(secrets.token_urlsafe(48))
            with suppress(FileExistsError):  # of two starts at once one is quicker, and nobody reads half a secret
                os.link(made, path)
            made.unlink()
        return path.read_text().strip()

    def refusals(self, several: bool = False) -> list[str]:
        """Why this installation must not be served so, or not by several processes, a sentence each (P-15)."""
        found = []
        if several and not (self.redis_url and (self.database_url or "").startswith("postgres")):
            found.append("several processes need PostgreSQL (DATABASE_URL) and a Redis or Valkey (REDIS_URL)")
        if self.open and not is_loopback(self.host):
            found.append(
                f"--open gives everybody the owner's rights, so it serves on a loopback address only, not on {self.host}"
            )
        if self.backup_key and not self.backup_key.startswith("backup-to-"):
            found.append(
                "BACKUP_KEY is not the public key that tradehall backup-key prints; the private one stays away"
            )
        if self.enable_sms and not (self.twilio_account_sid and self.twilio_auth_token and self.twilio_phone_number):
            found.append("ENABLE_SMS needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER")
        if self.vapid_private_key and not self.vapid_subject.startswith(("mailto:", "https://")):
            found.append(
                "VAPID_PRIVATE_KEY needs VAPID_SUBJECT, such as mailto:it@example.com: whom a push service asks"
            )
        if self.smtp_host and "@" not in self.smtp_from:
            found.append("SMTP_HOST needs SMTP_FROM, the address that e-mail comes from")
        if is_loopback(self.host):
            return found
        if self.debug:
            found.append("DEBUG is on; switch it off to serve on an address that others can reach")
        weak = len(self.secret_key) < SHORTEST_SECRET or any(word in self.secret_key.lower() for word in WEAK)
        if self.secret_key and weak:
            found.append("SECRET_KEY is short or well known; set a random one, or unset it and one is made")
        return found

    def effective(self) -> dict[str, str]:
        """The values in force, secrets masked (P-33)."""
        shown = {name: "" if value is None else str(value) for name, value in self.model_dump().items()}
        for name in SECRETS:
            shown[name] = masked(shown[name]) if getattr(self, name) else ""
        return shown


def listed(text: str) -> list[str]:
    """What stands between commas."""
    return [each.strip() for each in text.split(",") if each.strip()]


def masked(value: str) -> str:
    """A URL without its password, or nothing of any other secret."""
    if "@" in value and "://" in value:
        scheme, rest = value.split("://", 1)
        return f"{scheme}://***@{rest.rsplit('@', 1)[1]}"
    return "***" if "://" not in value else value

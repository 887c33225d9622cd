"""On what terms people sign in to an installation."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Terms:
    """How long tokens last, where links lead, and whether well-known passwords are let pass, for trying out."""

    minutes: int = 30
    refresh_days: int = 7
    public_url: str = "http://localhost:8000"
    weak_passwords: bool = False

    @property
    def refresh_lasts(self) -> timedelta:
        """How long a refresh token is good for."""
        return timedelta(days=self.refresh_days)

    def link(self, secret: str) -> str:
        """The address of a one-time link."""
        return f"{self.public_url.rstrip('/')}/welcome/{secret}"

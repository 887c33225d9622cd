"""The shops of the long runs are those of the short ones."""

from tests.reliability.conftest import durable_postgres, real_shop

__all__ = ["durable_postgres", "real_shop"]

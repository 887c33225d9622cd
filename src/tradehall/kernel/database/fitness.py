"""What a PostgreSQL has to be before anything is served from it."""

from tradehall.kernel.database.session import Session

POWERS = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
UNBOUND = (
    "DATABASE_URL names a role that row-level security does not bind (superuser or BYPASSRLS): "
    "create one with CREATE ROLE tradehall LOGIN, and give it the database"
)
NOT_UNICODE = (
    "the database of DATABASE_URL is kept in {encoding}, which folds no accents: "
    "create one with CREATE DATABASE tradehall OWNER tradehall ENCODING 'UTF8' TEMPLATE template0"
)


def unfit(session: Session) -> str:
    """Why this database may not be served, as a sentence, or "": who is bound by nothing, and what is not Unicode."""
    if session.connection.exec_driver_sql(POWERS).scalar():
        return UNBOUND
    encoding = session.connection.exec_driver_sql("SHOW server_encoding").scalar()
    return "" if encoding == "UTF8" else NOT_UNICODE.format(encoding=encoding)

"""Commands about the settings."""

import sys

from cyclopts import App

from tradehall.cli.start import Data, app, read_settings

config = App("config", help="The settings of an installation.")
app.command(config)


@config.command
def check(*, host: str | None = None, workers: int = 1, data: Data = None) -> None:
    """Print every setting in force, secrets masked, and what would keep it from being served; exit 1 if anything would.

    Parameters
    ----------
    host
        As it would be given to serve.
    workers
        As it would be given to serve.
    """
    from tradehall.kernel.database import open_database

    settings = read_settings(data, host=host)
    for name, value in settings.effective().items():
        print(f"{name.upper()} = {value}")
    refused = settings.refusals(several=workers > 1)
    try:
        if settings.database_url:
            open_database(settings.database_url, settings.tradehall_data)
    except ValueError as error:
        refused.append(str(error))
    for sentence in refused:
        print(f"tradehall: {sentence}", file=sys.stderr)
    print("this would not be served" if refused else "this can be served")
    sys.exit(1 if refused else 0)

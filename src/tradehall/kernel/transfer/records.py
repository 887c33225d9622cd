"""What is kept of an import: how far it is, what it did, which rows were wrong, and which rows it added."""

from enum import StrEnum

from tradehall.kernel.columns import (
    choice,
    flag,
    integer,
    json,
    moment,
    optional,
    person,
    personal,
    reference,
    secret,
    state,
    text,
)
from tradehall.kernel.files import file
from tradehall.kernel.records import Record, unique


class Progress(StrEnum):
    """How far an import is."""

    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


GOING = (Progress.CHECKING, Progress.RUNNING)
MOVES = {
    Progress.CHECKING: (Progress.CHECKED, Progress.RUNNING, Progress.FAILED, Progress.CANCELLED),
    Progress.CHECKED: (Progress.CHECKING, Progress.RUNNING, Progress.CANCELLED),
    Progress.RUNNING: (Progress.DONE, Progress.FAILED, Progress.CANCELLED),
    Progress.DONE: (),
    Progress.FAILED: (Progress.CHECKING,),
    Progress.CANCELLED: (),
}


class Existing(StrEnum):
    """What is done with a row that is there already, and differs."""

    UPDATE = "update"
    SKIP = "skip"


class Import(Record, table="kernel_imports"):
    """A table of rows for one resource. First it is checked, as if it were imported; then it is imported.

    `position` is how many of its `rows` were looked at, and the four counts say what came of them; `errors` are the first
    of those that are wrong. With `whole` nothing is imported where a row is wrong.
    """

    of_trade = text(40)
    type = text(63)
    file_id = optional(file())
    file_name = personal(text(200))
    status = state(Progress, MOVES)
    dry_run = flag()
    existing = choice(Existing, default=Existing.UPDATE)
    whole = flag()
    columns = json(default=list)
    decimal = text(1, default=".")
    dates = text(3, default="dmy")
    rows = integer(at_least=0, default=0)
    position = integer(at_least=0, default=0)
    created = integer(at_least=0, default=0)
    updated = integer(at_least=0, default=0)
    unchanged = integer(at_least=0, default=0)
    failed = integer(at_least=0, default=0)
    errors = secret(json(default=list))
    error = optional(text(500))
    by_user = person()
    by_key = integer(default=0)
    by_role = text(40)
    ended_at = optional(moment())

    indexes = (("file_id",),)


class Wrong(Record, table="kernel_import_errors"):
    """A row of an import that is wrong, as it was in the file, and why."""

    import_id = reference(Import)
    row = integer(at_least=1)
    column = optional(text(200))
    code = text(60)
    says = personal(text(1000))
    cells = personal(json(default=list))

    indexes = (("import_id", "row"),)


class Taken(Record, table="kernel_import_rows"):
    """A row without a key that an import added: where the same one comes again, it is there already.

    `digest` is over what it says, and how many rows before it in its file say the same.
    """

    entity = text(63)
    digest = text(64)
    record_id = integer(at_least=1)
    import_id = integer(at_least=1)

    walls = (unique("entity", "digest", says="This row is there already"),)

"""Later versions of the stall: its own migrations, and more after them."""

import shutil
from pathlib import Path

from tests.kernel import stall
from tradehall.kernel.database import Database
from tradehall.kernel.schema import advance
from tradehall.kernel.versions import branches

STEP = '''"""{title}."""

import sqlalchemy as sa
from alembic import op

revision = "stall_{number:04d}"
down_revision = "stall_{former:04d}"
branch_labels = None
depends_on = None
additive = {additive}


def upgrade() -> None:
    with op.batch_alter_table("stall_crates") as batch_op:
        {up}


def downgrade() -> None:
    with op.batch_alter_table("stall_crates") as batch_op:
        {down}
'''
COLOUR = ("Colour", True, 'batch_op.add_column(sa.Column("colour", sa.String(10)))', 'batch_op.drop_column("colour")')
SHAPE = ("Shape", True, 'batch_op.add_column(sa.Column("shape", sa.String(10)))', 'batch_op.drop_column("shape")')
LONGER = (
    "Longer", False,
    'batch_op.alter_column("label", type_=sa.String(80), existing_type=sa.String(40), existing_nullable=False)',
    'batch_op.alter_column("label", type_=sa.String(40), existing_type=sa.String(80), existing_nullable=False)',
)  # fmt: skip
Step = tuple[str, bool, str, str]


def later(folder: Path, *steps: Step) -> dict[str, Path]:
    """The branches of a later version of the stall, with these migrations after its own."""
    there = folder / f"version_{len(steps)}"
    shutil.copytree(stall.trade.migrations, there, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    for number, (title, additive, up, down) in enumerate(steps, 2):
        text = STEP.format(title=title, additive=additive, up=up, down=down, number=number, former=number - 1)
        (there / f"{number:04d}_{title.lower()}.py").write_text(text)
    return branches([stall.trade]) | {"stall": there}


def brought_to(database: Database, folders: dict[str, Path]) -> list[str]:
    """Install a later version."""
    applied: list[str] = []
    database.migrate(lambda connection: applied.extend(advance(connection, folders)))
    return applied

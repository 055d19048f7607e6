"""For which metrics of which devices somebody last asked, and the project that put a device there."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asked",
        sa.Column("device", _id(), nullable=False),
        sa.Column("metric", _id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("device", "metric", name="pk_asked"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "asked_since",
        sa.Column("subject", _id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_asked_since"),
    )
    op.add_column("devices", sa.Column("project", sa.Text(), nullable=True))


def _id() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

"""When each device was last heard, and how many of its numbered messages were lost."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard",
        sa.Column("device", _id(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("hearing", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_heard"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heard_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", _id(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "device", name="pk_heard_days"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_heard_days_device_day", "heard_days", ["device", "day"])


def _id() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

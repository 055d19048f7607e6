"""What was said of months and years that are over."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statements",
        sa.Column("region", _id(), nullable=False),
        sa.Column("benchmark", _id(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("stop", sa.BigInteger(), nullable=False),
        sa.Column("subject", _id(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("formula", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("benchmark_value", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("region", "benchmark", "start", "stop", "subject", "said_at", name="pk_statements"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_statements_stop_said_at", "statements", ["stop", "said_at"])


def _id() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

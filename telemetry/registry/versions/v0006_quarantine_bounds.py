"""A quarantine that is bounded: sizes, stages, counts of what was let go."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("size", sa.BigInteger(), nullable=True))
    op.add_column("quarantine", sa.Column("trimmed_at", sa.BigInteger(), nullable=True))
    op.add_column("quarantine", sa.Column("stage", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_quarantine_stage_id", "quarantine", ["stage", "id"])
    op.create_table(
        "quarantine_room",
        sa.Column("subject", _id(), nullable=False),
        sa.Column("payload_bytes", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_quarantine_room"),
    )
    op.create_table(
        "quarantine_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", _id(), nullable=False),
        sa.Column("reason", _id(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "device", "reason", name="pk_quarantine_counts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_quarantine_counts_device_day", "quarantine_counts", ["device", "day"])
    _measure()


def _measure() -> None:
    """What is in quarantine already, as `telemetry/registry/_room.py` would have it."""
    op.execute(
        "UPDATE quarantine SET stage = CASE WHEN length(payload) = 0 THEN 0"
        " WHEN replayed_at IS NULL AND reason IN"
        " ('unknown_device', 'unknown_metric', 'unknown_unit', 'foreign_device') THEN 2 ELSE 1 END"
    )
    op.execute(
        "INSERT INTO quarantine_room (subject, payload_bytes, messages)"
        " SELECT 'quarantine', coalesce(sum(length(payload)), 0), count(*) FROM quarantine"
    )


def _id() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

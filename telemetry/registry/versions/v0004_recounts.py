"""The sums of the ledger, and what recounts of the store came to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_totals",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_ledger_totals"),
    )
    op.execute(
        "INSERT INTO ledger_totals (slot, stored, duplicate, quarantined) "
        "SELECT 0, coalesce(sum(stored), 0), coalesce(sum(duplicate), 0), coalesce(sum(quarantined), 0) FROM ledger"
    )
    op.create_table(
        "recounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("night", sa.Date(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=True),
        sa.Column("devices", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("differing", sa.BigInteger(), nullable=False),
        sa.Column("off_by", sa.BigInteger(), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recounts"),
        sa.UniqueConstraint("night", name="uq_recounts_night"),
    )

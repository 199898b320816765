"""What a release's rights hang on changes by actions only; other edits of the row cannot part its state from its rows."""

from django.db import migrations

OWNED = ("state", "statistics", "manifest_sha256", "frozen", "published", "withdrawn")
SELECTED = ("families", "first_night", "last_night", "rejected_bits", "largest_seeing", "least_maglimit", "listed")
ACTING = "coalesce(current_setting('ztf.acting', true), '') = held"
REFUSE = "USING ERRCODE = 'restrict_violation'"


def _rows(columns: tuple[str, ...]) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"({new}) IS DISTINCT FROM ({old})"


GUARD = f"""
CREATE FUNCTION archive_guard_release() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held text := CASE WHEN TG_OP = 'INSERT' THEN NEW.name ELSE OLD.name END;
BEGIN
    IF {ACTING} THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR num_nonnulls(NEW.frozen, NEW.published, NEW.withdrawn) > 0 THEN
            RAISE EXCEPTION 'release %: a release begins as a draft', NEW.name {REFUSE};
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'release % is %: what was frozen stays', OLD.name, OLD.state {REFUSE};
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.name <> OLD.name THEN
        RAISE EXCEPTION 'release %: keeps its name', OLD.name {REFUSE};
    ELSIF {_rows(OWNED)} THEN
        RAISE EXCEPTION 'release % is %: freeze, publish and withdraw change that, nothing else', OLD.name, OLD.state
            {REFUSE};
    ELSIF OLD.state <> 'draft' AND {_rows(SELECTED)} THEN
        RAISE EXCEPTION 'release % is %: what it selects does not change', OLD.name, OLD.state {REFUSE};
    END IF;
    RETURN NEW;
END $$
"""
GUARD_PROGRAMS = f"""
CREATE FUNCTION archive_guard_release_programs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held text := CASE WHEN TG_OP = 'DELETE' THEN OLD.release_id ELSE NEW.release_id END;
BEGIN
    IF NOT {ACTING}
        AND EXISTS (SELECT FROM archive_release r WHERE r.name = held AND r.state <> 'draft') THEN
        RAISE EXCEPTION 'release % is frozen: its programs do not change', held {REFUSE};
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def guard(table: str, function: str, body: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        [
            body,
            f"CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {function}()",
        ],
        [f"DROP TRIGGER guard ON {table}", f"DROP FUNCTION {function}()"],
    )


class Migration(migrations.Migration):
    dependencies = [("archive", "0060_files_and_quarantine")]
    operations = [
        guard("archive_release", "archive_guard_release", GUARD),
        guard("archive_release_programs", "archive_guard_release_programs", GUARD_PROGRAMS),
    ]

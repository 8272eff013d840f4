"""Row-level security as migration operations, so that policies stand beside the models they mirror."""

from __future__ import annotations

from django.db.migrations.operations.special import RunSQL

STAFF = "(SELECT ctx_kind()) = 'staff'"
SYSTEM = "(SELECT ctx_kind()) = 'system'"
BODY = "(SELECT ctx_body())"
PERSON = "(SELECT ctx_person())"
LINK = "(SELECT ctx_link())"

_APPEND_ONLY = "renkei: append-only"


def protect(table: str, *, select: str, insert: str | None = None, update: str | None = None) -> RunSQL:
    """Force row-level security on ``table``.

    ``select``, ``insert`` and ``update`` are SQL conditions over the row. ``insert`` and ``update`` default to
    ``select``. Nobody but the owner may delete. The owner, who migrates and loads, sees every row.
    Sub-selects around ``ctx_*()`` make PostgreSQL evaluate them once a query instead of once a row.
    """
    insert = insert or select
    update = update or select
    statements = f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY owner_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
        CREATE POLICY sight ON {table} FOR SELECT USING ({select});
        CREATE POLICY birth ON {table} FOR INSERT WITH CHECK ({insert});
        CREATE POLICY change ON {table} FOR UPDATE USING ({update}) WITH CHECK ({update});
    """
    undo = f"""
        DROP POLICY change ON {table}; DROP POLICY birth ON {table};
        DROP POLICY sight ON {table}; DROP POLICY owner_all ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    """
    return RunSQL(statements, undo)


def append_only(table: str) -> RunSQL:
    """Forbid UPDATE, DELETE and TRUNCATE on ``table``, by a trigger for everyone and by grants for the logins."""
    statements = f"""
        COMMENT ON TABLE {table} IS '{_APPEND_ONLY}';
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
    """
    undo = f"DROP TRIGGER {table}_append_only ON {table}; COMMENT ON TABLE {table} IS NULL;"
    return RunSQL(statements, undo)


def definer(signature: str, returns: str, body: str) -> RunSQL:
    """Create a reviewed SECURITY DEFINER function in SQL with a fixed search path, not callable by PUBLIC by name.

    ``signature`` is ``name(arguments)``. Every such function is listed in ``tests/repo/test_catalogue.py``.
    """
    statements = f"""
        CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $fn$ {body} $fn$;
    """
    return RunSQL(statements, f"DROP FUNCTION {signature};")


def redefine(signature: str, returns: str, body: str) -> RunSQL:
    """Give a function made by :func:`definer` another body. Going back leaves the new one: callers ask for the same."""
    statements = f"""
        CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp AS $fn$ {body} $fn$;
    """
    return RunSQL(statements, RunSQL.noop)


def more(name: str, table: str, command: str, condition: str) -> RunSQL:
    """Add one permissive policy for ``command`` beside those of :func:`protect`: policies add up."""
    check = {"SELECT": f"USING ({condition})", "INSERT": f"WITH CHECK ({condition})", "DELETE": f"USING ({condition})"}
    rule = check.get(command, f"USING ({condition}) WITH CHECK ({condition})")
    return RunSQL(f"CREATE POLICY {name} ON {table} FOR {command} {rule};", f"DROP POLICY {name} ON {table};")

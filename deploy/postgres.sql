-- What a superuser must do once in a database that the system uses (the private cluster does it by itself).
-- For a server of your own: psql -v owner=ztf -v reader=ztf_reader -f deploy/postgres.sql DATABASE
CREATE EXTENSION IF NOT EXISTS q3c;

-- Without these marks row-level security turns every cone search into a sequential scan: the planner may use
-- an index under a policy only with functions that cannot leak the rows they see. Both take plain numbers and
-- say nothing about them.
ALTER FUNCTION q3c_ang2ipix(double precision, double precision) LEAKPROOF;
ALTER FUNCTION q3c_nearby_it(double precision, double precision, double precision, integer) LEAKPROOF;

-- The reader's programs stand in a session setting; a query must not be able to rewrite it.
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO :"owner";

ALTER ROLE :"reader" NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
ALTER ROLE :"reader" SET default_transaction_read_only = on;
ALTER ROLE :"reader" SET statement_timeout = '120s';
-- What one process of a reader's query may put into temporary files (sorts, hashes, aggregates): a query that needs
-- more fails, and the disk stays. Only a superuser may set it.
ALTER ROLE :"reader" SET temp_file_limit = '1GB';

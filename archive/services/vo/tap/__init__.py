"""TAP 1.1: synchronous and asynchronous queries (UWS), uploads, tables that people keep, VOSI.

query        one ADQL query becomes a result, written while PostgreSQL still delivers it
requests     parameters, uploads and errors of TAP requests
views, table_views, uws_views
             HTTP
uws, uws_xml
             the life of a query job and its documents
uploads, user_tables
             TAP_UPLOAD and kept tables
indexes      indexes of kept tables, made by jobs
removal      what goes with rows that are removed
vosi, examples
             what the service says about itself
"""

"""Tables that are open to queries here besides the archive's."""

from django.apps import AppConfig

TABLES = ("bench_sources", "bench_many")


class BenchConfig(AppConfig):
    name = "bench.tap.app"
    label = "bench_tap"

    def ready(self):
        from archive.services.vo.schema.published import publish_query
        from archive.tables.dictionary import Column, Table

        columns = (
            Column("id", "long", "Number", ucd="meta.id;meta.main"),
            Column("ra", "double", "Right ascension", "deg", "pos.eq.ra;meta.main"),
            Column("dec", "double", "Declination", "deg", "pos.eq.dec;meta.main"),
            Column("mag", "float", "Magnitude", "mag", "phot.mag"),
            Column("fid", "short", "Filter", ucd="instr.filter"),
        )
        for name in TABLES:
            query = f'SELECT id, ra, "dec", mag, fid FROM public.{name}'
            publish_query(Table(f"ztf.{name}", "Random sources", columns), query, rows=10**7, uses=(name,))

from django.apps import AppConfig


class ProcessingConfig(AppConfig):
    name = "processing"
    keeps_forced_files = "processing.forced.told.take"
    overlays = {"forced": ("forced photometry: yours, and what came as files", "processing.forced.overlay.points")}

    forced_requests = "processing.forced.overlay.requests_near"

    def ready(self):
        from archive.releases.redating import follow_rule
        from archive.services.vo.schema.openers import open_when_asked
        from archive.survey.times import JD_UNIX_EPOCH, SECONDS_PER_DAY

        follow_rule("processing_forcedpoint", f"to_timestamp({SECONDS_PER_DAY} * (t.jd - {JD_UNIX_EPOCH}))")
        open_when_asked("processing.forced.told.open_tables")

"""One settings module; every value that differs between places comes from the environment.

`deploy` writes the addresses and passwords of this machine's servers to var/env; a variable that is set in the
process's own environment wins over it.
"""

import os
from pathlib import Path
from urllib.parse import unquote

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured

from portal.auth import providers as outside
from portal.gateway.limits import Limits

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# Folder of everything that is not code: database, product tree, job results, secrets
VAR = Path(env.str("ZTF_VAR", default=str(BASE_DIR / "var"))).resolve()
env.read_env(VAR / "env")
# Public address of this archive, for example https://archive.example.org; empty: taken from each request
SITE_ADDRESS = env.str("SITE_ADDRESS", default="")
VO_AUTHORITY = env.str("VO_AUTHORITY", default="org.example.ztf")  # authority in IVOA identifiers of this archive
VO_TITLE = env.str("VO_TITLE", default="Open ZTF archive")  # title in the VO registry
VO_PUBLISHER = env.str("VO_PUBLISHER", default="Open ZTF archive")  # publisher in the VO registry
VO_CONTACT = env.str("VO_CONTACT", default="Archive staff")  # who answers questions, in the VO registry
VO_EMAIL = env.str("VO_EMAIL", default="archive@example.org")  # their e-mail address
# Sesame servers for names that no table knows, for example https://cds.unistra.fr/cgi-bin/nph-sesame/; empty: none
SESAME_SERVERS = env.list("SESAME_SERVERS", default=[])
# Internal location of nginx that serves the product tree, for example /tree/; empty: the portal sends files itself
ACCEL_REDIRECT = env.str("ACCEL_REDIRECT", default="")
# Number of our own proxies in front of the portal; the client's address is taken from the outermost one
PROXIES = env.int("PROXIES", default=0)


def _database(variable: str) -> dict:
    if variable not in env:
        raise ImproperlyConfigured(
            f"{variable} is not set: run `make serve` (or `python -m deploy up`), or set it to "
            "postgres://user:password@host:port/database"
        )
    database = env.db_url(variable)
    database["HOST"] = unquote(database["HOST"])  # a socket folder stands percent-encoded in the URL
    return database | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}


def _secret_key() -> str:
    path = VAR / "secrets" / "django"
    if "SECRET_KEY" in env:
        return env.str("SECRET_KEY")  # key of sessions and signatures; made on this machine when not given
    from deploy.machine import provide_var, secret  # made on this machine when first needed

    provide_var()
    return secret(path.name)


DEBUG = env.bool("DEBUG", default=False)  # show Django's debug pages; never in production
HTTPS = env.bool("HTTPS", default=False)  # served over HTTPS only: secure cookies, redirects, HSTS
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])  # host names it is served under
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])  # origins whose forms are accepted

# --- applications ----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "archive.adminsite.ArchiveAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "django_structlog",
    "axes",
    "csp",
    "archive",
    "archive.services.vo",
    "archive.services.hips",
    "lightcurves",
    "processing",
    "portal",
]
MIDDLEWARE = [
    "portal.middleware.HealthCheck",
    "portal.auth.basic.AlwaysChallenged",
    "portal.middleware.OtherSpellings",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.RequestLog",
    "portal.refusals.Refusals",
    "portal.middleware.PlainAddresses",
    "portal.bodies.BoundedBodies",
    "archive.services.irsa.login.JossoSession",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.middleware.SameOrigin",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.auth.basic.BasicAuthentication",
    "portal.middleware.CacheRules",
    "portal.middleware.ReaderMiddleware",
    "portal.middleware.KnownParameters",
    "axes.middleware.AxesMiddleware",
]
APPEND_SLASH = False  # portal.middleware.OtherSpellings leads to either spelling, and keeps the method
ROOT_URLCONF = "portal.urls.site"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.auth.openid.buttons",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- databases: the owner writes; the reader sees what row-level security lets it ----------------------------------
DATABASES = {
    "default": _database("DATABASE_URL"),  # the database, as the owner of its tables
    "reader": _database("READER_DATABASE_URL"),  # the same database, as the read-only role ztf_reader
}
DATABASE_ROUTERS = ["archive.access.reading.ReaderRouter"]

# --- people -------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
SIGN_IN_ELSEWHERE = outside.providers(env)  # OIDC, ORCID; none unless the environment names them
if SIGN_IN_ELSEWHERE:
    INSTALLED_APPS += outside.APPS
    MIDDLEWARE.append("allauth.account.middleware.AccountMiddleware")
    AUTHENTICATION_BACKENDS.append("allauth.account.auth_backends.AuthenticationBackend")
    SOCIALACCOUNT_PROVIDERS = outside.settings_of(SIGN_IN_ELSEWHERE)
    SOCIALACCOUNT_ADAPTER = "portal.auth.openid.Adapter"
    SOCIALACCOUNT_ONLY = True
    SOCIALACCOUNT_AUTO_SIGNUP = True
    SOCIALACCOUNT_STORE_TOKENS = False
    ACCOUNT_EMAIL_VERIFICATION = "none"
    ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_HANDLER = "portal.auth.lockout.Handler"
# Wrong attempts within a cool-off: of one address whatever the names, of one name whatever the addresses
LOCKOUT_OF_ADDRESS, LOCKOUT_OF_NAME = 64, 64
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]  # which the gateway sets (PROXIES); no header is believed
AXES_LOCKOUT_CALLABLE = "portal.auth.basic.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# What the record of attempts leaves out of an address, beside `password`.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "josso_username", "josso_password", "userpass"]

# --- language, time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- files ------------------------------------------------------------------------------------------------------
CORES = env.int("CORES", default=os.cpu_count() or 1)  # cores that may be used: one worker process each
ARCHIVE_ROOT = Path(env.str("ARCHIVE_ROOT", default=str(VAR / "archive")))  # the product tree
QUARANTINE_BYTES = env.int("QUARANTINE_BYTES", default=20 * 10**9)  # of disk for copies of refused files
JOB_ROOT = Path(env.str("JOB_ROOT", default=str(VAR / "jobs")))  # results of user jobs
EXPORT_ROOT = Path(env.str("EXPORT_ROOT", default=str(VAR / "exports")))  # served files of releases' light curves
JOB_KEEP_DAYS = env.int("JOB_KEEP_DAYS", default=30)  # days that a user job and its result are kept after it ended
DOCS_ROOT = BASE_DIR / "docs" / "_build" / "html"
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR / "static")))  # collected static files
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ROOT = BASE_DIR / "static" / "root"  # favicon.ico, which is asked for at the top
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.static_finders.BokehFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.static_storage.HashedFiles"},
}

# --- security ---------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# Seconds that browsers remember to use HTTPS (HSTS); only with HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
# HSTS for all sub-domains: binds hosts that are not this archive's, for years
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
# HSTS preload: asks browsers to ship the domain as HTTPS-only; hard to undo
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # the two above
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "portal.refusals.form_expired"
# Pages ask nobody outside. Bokeh sets styles on elements, hence unsafe-inline for styles only.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF, "http://localhost:21012"],  # SAMP's hub on the reader's own computer, when asked for
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}

# --- processing tasks: Celery carries job ids, PostgreSQL knows the jobs ----------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:6379/0")  # Redis for Celery
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 86_400}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "reconcile": {"task": "processing.executive.tasks.reconcile", "schedule": 15.0},
    "follow_dates": {"task": "processing.executive.tasks.follow_dates", "schedule": 120.0},
    "compact": {"task": "processing.executive.tasks.compact", "schedule": crontab(hour=20, minute=0)},  # day at Palomar
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "run" / "celerybeat-schedule")

# --- user jobs: the job row and the queue row commit together ---------------------------------------------------
Q_CLUSTER = {
    "name": "ztf",
    "orm": "default",
    "workers": env.int("QUEUE_WORKERS", default=3),  # one of them is kept for queries that end quickly
    "timeout": 3600,
    "retry": 4000,  # longer than the longest job, or a second copy would start beside the first
    "max_attempts": 3,
    "poll": 0.1,  # s between two looks at an empty queue: small queries wait for it
    "bulk": 1,
    "catch_up": False,
    "save_limit": 1000,
}

# --- interfaces for programs ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.PortalAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "portal.api.parsers.BoundedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.api.negotiation.JsonHere",
    "EXCEPTION_HANDLER": "portal.api.problems.as_problem",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ZTF archive",
    "DESCRIPTION": "Images, cutouts, light curves, alerts and moving objects of the Zwicky Transient Facility.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "portal.api.schema.with_refusals"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},  # a link within a button is nothing that keys can reach
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- messages at the end of jobs: e-mail (EMAIL_URL, for example smtp+tls://name:password@host:587) and webhooks ------
# Mail server, for example smtp+tls://name:password@host:587; by default messages are printed
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", default="ztf@localhost")  # sender of e-mail
WEBHOOK_HOSTS = env.list("WEBHOOK_HOSTS", default=[])  # hosts that webhooks may call; none by default
WEBHOOK_PRIVATE = env.bool("WEBHOOK_PRIVATE", default=False)  # whether they may be in a private network

# --- logs: one line an event, with the id of its request or job ---------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", default="json")  # json, or console for people
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if LOG_FORMAT == "json"
            else structlog.dev.ConsoleRenderer(),
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    # Level of our own log messages (INFO by default) and of libraries' (WARNING by default)
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
    "loggers": {
        name: {"level": env.str("LOG_LEVEL", default="INFO")}
        for name in ("archive", "lightcurves", "portal", "processing")
    },
}

# --- limits -----------------------------------------------------------------------------------------------------
JOBS_AT_ONCE = env.int("JOBS_AT_ONCE", default=1)  # jobs of one user that run at once; fewer than queue workers
# What the jobs of one user may use; visitors are counted by network. positions: of forced photometry, that wait;
# jobs: others that wait or run; bytes: of results that are kept
QUOTAS = {
    # Bytes of results that are kept for one account
    "account": {"jobs": 40, "positions": 15_000, "bytes": env.int("QUOTA_BYTES", default=50 * 1024**3)},
    # Bytes of results that are kept for the visitors of one network
    "visitor": {"jobs": 6, "positions": 200, "bytes": env.int("QUOTA_BYTES_VISITOR", default=2 * 1024**3)},
}
JOB_ROOT_BYTES = env.int("JOB_ROOT_BYTES", default=200 * 1024**3)  # of the results of all users together
LIGHTCURVES_HOT_NIGHTS = env.int("LIGHTCURVES_HOT_NIGHTS", default=7)  # nights until points are packed into chunks
SEARCH_ROW_LIMIT = 10_000  # rows of one search page or table without streaming
TAP_ROW_LIMIT = 1_000_000  # rows of a query result, by default and at most
TAP_SECONDS, TAP_LONGEST = 600, 3000  # s that a query job runs: by default, at most (less than the queue's timeout)
TAP_SYNC_SECONDS = 600  # s that a query without a job runs at most, with the time that its client takes to read
TAP_RESULT_BYTES = 2 * 1024**3  # of a result's rows, as the database delivers them
TAP_CELL_BYTES = 4 * 1024**2  # of one text in a result
TAP_KEEP_DAYS, TAP_KEEP_LONGEST = 7, 60  # d that its result is kept: by default, at most
TAP_SHORT_SECONDS = 30  # s after which a query job needs a place among the long ones
TAP_JOBS_AT_ONCE = env.int("TAP_JOBS_AT_ONCE", default=1)  # query jobs of one user that run at once
TAP_WAITERS = 2  # requests of a process that may wait for jobs at once
TAP_UPLOAD_BYTES, TAP_UPLOAD_ROWS = 100 * 1024**2, 1_000_000  # size and rows of an uploaded table
TAP_USER_BYTES = 2 * 1024**3  # of disk for the kept tables of one user
LARGEST_BODY = 200 * 1024**2  # bytes of a request with tables; portal.bodies has what other addresses take
GATEWAY = Limits(largest_body=LARGEST_BODY)  # connections and bodies (portal.gateway.limits)
TAP_UPLOAD_HOSTS = env.list("TAP_UPLOAD_HOSTS", default=[])  # hosts that tables are fetched from; none by default
TAP_UPLOAD_PRIVATE = env.bool("TAP_UPLOAD_PRIVATE", default=False)  # whether they may be in a private network
TAP_UPLOAD_SECONDS = 20.0  # s that fetching a table may take
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # one job of cutouts may name 1000 places and more than one image
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024  # bytes of a form without its files

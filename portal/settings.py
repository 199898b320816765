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

from portal import providers as outside

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR = Path(env.str("ZTF_VAR", default=str(BASE_DIR / "var"))).resolve()
env.read_env(VAR / "env")
# How people reach this archive, for example https://archive.example.org; empty: as each request came
SITE_ADDRESS = env.str("SITE_ADDRESS", default="")
# Who publishes it in the Virtual Observatory: an authority of ours in the registry, a title, who answers questions
VO_AUTHORITY = env.str("VO_AUTHORITY", default="org.example.ztf")
VO_TITLE = env.str("VO_TITLE", default="Open ZTF archive")
VO_PUBLISHER = env.str("VO_PUBLISHER", default="Open ZTF archive")
VO_CONTACT = env.str("VO_CONTACT", default="Archive staff")
VO_EMAIL = env.str("VO_EMAIL", default="archive@example.org")
# Where names that no table knows are looked up, for example https://cds.unistra.fr/cgi-bin/nph-sesame/; empty: nowhere
SESAME_SERVERS = env.list("SESAME_SERVERS", default=[])
# The internal location of nginx that holds the product tree, for example /tree/; empty: the portal sends files itself
ACCEL_REDIRECT = env.str("ACCEL_REDIRECT", default="")


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
        return env.str("SECRET_KEY")
    from deploy.machine import secret  # made on this machine when first needed

    VAR.mkdir(parents=True, exist_ok=True)
    return secret(path.name)


DEBUG = env.bool("DEBUG", default=False)
HTTPS = env.bool("HTTPS", default=False)
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- applications ----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
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
    "django_htmx",
    "django_structlog",
    "axes",
    "csp",
    "archive",
    "archive.hips",
    "lightcurves",
    "processing",
    "portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "archive.irsa.login.JossoSession",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.RequestLog",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.basic.BasicAuthentication",
    "portal.middleware.ReaderMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "portal.urls"
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
                "portal.outside.buttons",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- databases: the owner writes; the reader sees what row-level security lets it ----------------------------------
DATABASES = {"default": _database("DATABASE_URL"), "reader": _database("READER_DATABASE_URL")}
DATABASE_ROUTERS = ["archive.access.ReaderRouter"]

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
    SOCIALACCOUNT_ADAPTER = "portal.outside.Adapter"
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
AXES_LOCKOUT_CALLABLE = "portal.basic.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# What the record of attempts leaves out of an address, beside `password`.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "josso_username", "josso_password", "userpass"]

# --- language, time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- files ------------------------------------------------------------------------------------------------------
CORES = env.int("CORES", default=os.cpu_count() or 1)
ARCHIVE_ROOT = Path(env.str("ARCHIVE_ROOT", default=str(VAR / "archive")))
JOB_ROOT = Path(env.str("JOB_ROOT", default=str(VAR / "jobs")))
JOB_KEEP_DAYS = env.int("JOB_KEEP_DAYS", default=30)  # that a user job and its result are kept after its end
DOCS_ROOT = BASE_DIR / "docs" / "_build" / "html"
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.finders.BokehFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- security ---------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
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
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:6379/0")
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
    "workers": 2,
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
    "EXCEPTION_HANDLER": "portal.api.problems.as_problem",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ZTF archive",
    "DESCRIPTION": "Images, cutouts, light curves, alerts and moving objects of the Zwicky Transient Facility.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- messages at the end of jobs: e-mail (EMAIL_URL, for example smtp+tls://name:password@host:587) and webhooks ------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", default="ztf@localhost")
WEBHOOK_HOSTS = env.list("WEBHOOK_HOSTS", default=[])  # hosts that may be called; none unless named
WEBHOOK_PRIVATE = env.bool("WEBHOOK_PRIVATE", default=False)  # whether they may lie in a private network

# --- logs: one line an event, with the id of its request or job ---------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", default="json")
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
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
    "loggers": {
        name: {"level": env.str("LOG_LEVEL", default="INFO")}
        for name in ("archive", "lightcurves", "portal", "processing")
    },
}

# --- limits -----------------------------------------------------------------------------------------------------
LIGHTCURVES_HOT_NIGHTS = env.int("LIGHTCURVES_HOT_NIGHTS", default=7)  # after which points are packed
SEARCH_ROW_LIMIT = 10_000  # rows of one search page or table without streaming
TAP_ROW_LIMIT = 1_000_000
TAP_SECONDS, TAP_LONGEST = 600, 3000  # s that a query job runs: by default, at most (less than the queue's timeout)
TAP_KEEP_DAYS, TAP_KEEP_LONGEST = 7, 60  # d that its result is kept: by default, at most
TAP_JOBS_AT_ONCE = env.int("TAP_JOBS_AT_ONCE", default=1)  # of one person; fewer than the queue has workers
TAP_WAITERS = 2  # requests of a process that may wait for jobs at once
TAP_UPLOAD_BYTES, TAP_UPLOAD_ROWS = 100 * 1024**2, 1_000_000
TAP_USER_BYTES = 2 * 1024**3  # of disk that the tables of one person may take
LARGEST_BODY = 200 * 1024**2  # bytes of a request that comes in chunks
TAP_UPLOAD_HOSTS = env.list("TAP_UPLOAD_HOSTS", default=[])  # that tables are fetched from; none unless named
TAP_UPLOAD_PRIVATE = env.bool("TAP_UPLOAD_PRIVATE", default=False)  # whether they may lie in a private network
TAP_UPLOAD_SECONDS = 20.0  # s
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

"""Settings: one file for every place; environment variables switch, nothing exists only in production.

``DATABASE_URL``, ``REDIS_URL``, ``SOP_SECRET_KEY``, ``SOP_ALLOWED_HOSTS``, ``SOP_DEBUG``, ``SOP_DEMO``,
``SOP_BLOCK_CACHE_MB``, ``SOP_HTTPS``, ``SOP_VERSION`` and ``SOP_VAR`` (state directory) are read here and nowhere else.
"""

import os
import secrets
import sqlite3
from pathlib import Path

# Before numpy loads anywhere: threads inside a worker fight each other (SARIMAX was 29 times slower).
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("SOP_VAR", BASE_DIR / "var"))
VAR_DIR.mkdir(parents=True, exist_ok=True)
os.environ.setdefault("NUMBA_CACHE_DIR", str(VAR_DIR / "numba"))  # kernels compile once, at set-up


def _secret_key() -> str:
    """The configured key, or one kept beside the database so that sessions survive a restart."""
    if key := os.environ.get("SOP_SECRET_KEY"):
        return key
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(50))
        path.chmod(0o600)
    return path.read_text().strip()


SECRET_KEY = _secret_key()
DEBUG = _flag("SOP_DEBUG")
DEMO = _flag("SOP_DEMO")
HTTPS = _flag("SOP_HTTPS")
ALLOWED_HOSTS = os.environ.get("SOP_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CODE_VERSION = os.environ.get("SOP_VERSION", "0.1.0")[:40]  # written on every job
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("SOP_TRUSTED_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "sop.apps.StaticFilesConfig",
    "django.contrib.admin",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "csp",
    "axes",
    "lucide",
    "core",
    "accounts",
    "masterdata",
    "cycles",
    "plans",
    "demand",
    "supply",
    "finance",
    "meetings",
    "dashboards",
    "sop",
]

MIDDLEWARE = [
    "core.logs.RequestIdMiddleware",
    "sop.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.UserLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.RefusalPages",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "sop.urls"
WSGI_APPLICATION = "sop.wsgi.application"
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
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "sop.context.shell",
            ],
        },
    }
]

# Database ---------------------------------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{VAR_DIR / 'sop.sqlite3'}", conn_max_age=600, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: deferred transactions failed 27 % of concurrent edits with "database is locked".
    # WAL only where the WAL-reset corruption bug is mended (SQLite 3.51.3).
    _journal = "WAL" if sqlite3.sqlite_version_info >= (3, 51, 3) else "DELETE"
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": f"PRAGMA foreign_keys=ON;PRAGMA cache_size=-64000;PRAGMA journal_mode={_journal};",
    }
    # A file, as in real life: writers in threads cannot share a database in memory.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Decoded plan blocks a process keeps; below the working set (about 115 MB per version of 14 M cells) every read misses.
BLOCK_CACHE_MB = int(os.environ.get("SOP_BLOCK_CACHE_MB", "512"))
# Solved models a web process keeps for what-ifs, some hundred MB each for a thousand products.
WARM_MODELS = int(os.environ.get("SOP_WARM_MODELS", "2"))

# People -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:signin"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "accounts:signin"
AXES_VERBOSE = False
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]

# Language and time ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("SOP_TIME_ZONE", "Asia/Shanghai")

# Static files -----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.staticfiles.HashedStaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # compressing every file twice took half a minute
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "core.staticfiles.VendorFinder",
]
WHITENOISE_USE_FINDERS = True  # plain names are served without collectstatic; hashed ones come from STATIC_ROOT

# Jobs -------------------------------------------------------------------------------------------------------
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
_VISIBILITY: dict[str, object] = {"visibility_timeout": 3600}
CELERY_BROKER_URL = REDIS_URL
# Short connect: a request that enqueues must not hang on a broker that is gone.
CELERY_BROKER_TRANSPORT_OPTIONS = _VISIBILITY | {"socket_connect_timeout": 2, "socket_keepalive": True}
if BROKER_PREFIX := os.environ.get("SOP_BROKER_PREFIX"):  # several installations may share one Redis
    CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = BROKER_PREFIX
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = _VISIBILITY
CELERY_VISIBILITY_TIMEOUT = _VISIBILITY["visibility_timeout"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CONCURRENCY = int(os.environ.get("SOP_WORKERS", "2"))
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "jobs"
# The reaper has its own queue: behind a thousand waiting chunks it would come too late.
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"jobs": {}, "reaper": {}}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "core.reap", "schedule": 5.0, "options": {"queue": "reaper", "expires": 5}},
    "fold plans": {"task": "plans.compact", "schedule": 60.0, "options": {"expires": 60}},
    "close scenarios": {"task": "plans.expire", "schedule": crontab(minute=20, hour=2)},
    "collect blocks": {"task": "plans.collect", "schedule": crontab(minute=10, hour=3, day_of_week="sunday")},
    "verify snapshots": {"task": "plans.verify", "schedule": crontab(minute=40, hour=2)},
}

# Safety -----------------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, UNSAFE_INLINE],  # Plotly and Tabulator set style attributes
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

# REST -------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "sop.schema.RouteSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.HasAction"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.FiniteJsonParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.ScopedRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": "60/min",
        "user": "1200/min",
        "jobs": "60/min",
        "imports": "30/min",
        "tokens": "20/min",
        "trials": "240/min",  # a slider sends two a second
    },
    "EXCEPTION_HANDLER": "core.api.problem_json",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # ?format=csv is the endpoint's own parameter
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "S&OP API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "CycleState": "cycles.choices.CycleState",
        "StepCode": "cycles.choices.StepCode",
        "StepState": "cycles.choices.StepState",
        "MeetingStep": ["demand_review", "supply_review", "pre_sop", "executive"],
        "Department": "accounts.choices.Department",
        "DecisionState": "meetings.choices.DecisionState",
        "ActionState": "meetings.choices.ActionState",
        "RiskState": "meetings.choices.RiskState",
        "RiskEnd": ["happened", "closed"],
        "ConflictState": "meetings.choices.ConflictState",
        "ConflictEnd": ["decided", "escalated", "deferred"],
        "JobState": "core.choices.JobState",
        "RiskKind": "meetings.choices.RiskKind",
        "EventKind": "demand.choices.EventKind",
        "AnswerKind": "supply.choices.AnswerKind",
        "OrderKind": "demand.choices.OrderKind",
        "OrderStatus": "demand.choices.OrderStatus",
        "AckStatus": "supply.choices.AckStatus",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "sop.openapi.add_problems",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Logs -------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": os.environ.get("SOP_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        # Two lines for every beat of the reaper would bury the rest.
        **{name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat")},
    },
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

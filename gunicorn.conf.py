"""The web server; read by gunicorn from the working directory. Environment variables switch, as in settings."""

import os

bind = os.environ.get("SOP_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("SOP_WEB_WORKERS", "2"))
threads = int(os.environ.get("SOP_WEB_THREADS", "4"))
preload_app = True  # import once, share the memory
timeout = 120  # an import's upload over a slow line
graceful_timeout = 10
max_requests = 20_000  # a slow leak of any library ends with the worker
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # heartbeats must not wait for a disk
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {name: {"handlers": [], "level": "INFO"} for name in ("gunicorn.error", "gunicorn.access")},
}

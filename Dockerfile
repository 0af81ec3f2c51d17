# One image for web, worker, beat and management commands.
FROM python:3.11-slim-bookworm

# LightGBM needs the OpenMP runtime.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 sop

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt

COPY --chown=sop . .
RUN mkdir -p var/media && chown -R sop var
USER sop

ARG SOP_VERSION=latest
ENV SOP_VERSION=$SOP_VERSION \
    SOP_BIND=0.0.0.0:8000 \
    NUMBA_CACHE_DIR=/app/var/numba \
    PYTHONUNBUFFERED=1

# Everything that does not need the database; the key of this step is used for nothing else.
RUN SOP_SECRET_KEY=build python manage.py messages --compile \
    && SOP_SECRET_KEY=build python manage.py collectstatic --no-input \
    && python -c "from engine import forecasting; forecasting.warm_up()"

EXPOSE 8000
CMD ["gunicorn", "sop.wsgi"]

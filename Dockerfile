# syntax=docker/dockerfile:1
# Four stages: frontend, wheels, model, run. The image that runs holds no compiler, no Node,
# no training library and no secret. Bases are pinned by version; pin a digest where you deploy.

ARG PYTHON=3.11-slim-bookworm
ARG NODE=22-bookworm-slim

FROM node:${NODE} AS frontend
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:${PYTHON} AS wheels
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /opt/shelfmark \
 && /opt/shelfmark/bin/pip install --require-hashes --requirement requirements.txt

# Trains the model from the committed dataset and refuses to go on unless every byte is the one
# that dvc.lock and data/model/card.json promise.
FROM python:${PYTHON} AS model
WORKDIR /src
COPY requirements.txt requirements-train.txt ./
COPY tools/ tools/
RUN python -c "from tools import environment; environment.ensure_packages(environment.RUN)"
COPY .dvc/ .dvc/
COPY .dvcignore dvc.yaml dvc.lock params.yaml ./
COPY data/ data/
COPY categorizer/ categorizer/
RUN python -m tools.model --verify

FROM python:${PYTHON} AS run
ENV PATH=/opt/shelfmark/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SHELFMARK_STATIC_ROOT=/srv/shelfmark/static
RUN useradd --system --uid 10001 --home-dir /srv/shelfmark --shell /usr/sbin/nologin shelfmark
WORKDIR /srv/shelfmark
COPY --from=wheels /opt/shelfmark/ /opt/shelfmark/
COPY manage.py ./
COPY config/ config/
COPY lib/ lib/
COPY accounts/ accounts/
COPY ledger/ ledger/
COPY jobs/ jobs/
COPY inventory/ inventory/
COPY registry/ registry/
COPY predictions/ predictions/
COPY categorizer/ categorizer/
COPY templates/ templates/
COPY static/ static/
COPY deploy/ deploy/
COPY --from=frontend /src/frontend/dist/ frontend/dist/
COPY --from=model /src/data/model/ data/model/
# The key is only there for this one command; the image holds none.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --no-input \
 && mkdir var && chown shelfmark: var
USER shelfmark
VOLUME ["/srv/shelfmark/var"]
EXPOSE 8000
# Asks under an allowed name, because any other is refused before it reaches a page.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; name = os.environ.get('ALLOWED_HOSTS', 'localhost').split(',')[0].lstrip('.'); u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': name}), timeout=2)"]
# Give it SECRET_KEY (or SECRET_KEY_FILE), ALLOWED_HOSTS and DATABASE_URL; run `manage.py migrate`
# once per release, and `manage.py run_jobs` in a container of its own.
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", "0.0.0.0:8000", "config.wsgi"]

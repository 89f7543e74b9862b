# syntax=docker/dockerfile:1
# Four stages: frontend, wheels, model, run. The image that runs holds no compiler, no Node, no
# training library, no test and no secret. docs/deployment.md says how to pin the bases by digest.

ARG PYTHON=3.11.14-slim-bookworm
ARG NODE=24.19.0-bookworm-slim

FROM node:${NODE} AS frontend
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

# The environment gets no pip of its own: what runs cannot install anything.
FROM python:${PYTHON} AS wheels
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv --without-pip /opt/shelfmark \
 && python -m pip --python /opt/shelfmark/bin/python install --require-hashes --requirement requirements.txt

# Trains the model from the committed dataset and refuses to go on unless every byte is the one
# that dvc.lock and data/model/card.json promise.
FROM python:${PYTHON} AS model
WORKDIR /src
COPY requirements.txt requirements-train.txt ./
COPY tools/ tools/
RUN python -c "from tools import environment; environment.ensure_packages(environment.RUN)"
COPY .dvc/config .dvc/config
COPY .dvcignore dvc.yaml dvc.lock params.yaml ./
COPY data/ data/
COPY categorizer/ categorizer/
RUN python -m tools.model --verify

FROM python:${PYTHON} AS run
ENV PATH=/opt/shelfmark/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    SHELFMARK_STATIC_ROOT=/srv/shelfmark/collected
RUN useradd --system --uid 10001 --user-group --home-dir /srv/shelfmark --shell /usr/sbin/nologin shelfmark
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
COPY sync/ sync/
COPY predictions/ predictions/
COPY categorizer/ categorizer/
COPY templates/ templates/
COPY static/ static/
COPY deploy/gunicorn.conf.py deploy/healthcheck.py deploy/release.sh deploy/
COPY --from=frontend /src/frontend/dist/ frontend/dist/
# Not the notebook's copy of the model, which is a pickle.
COPY --from=model /src/data/model/card.json /src/data/model/model.safetensors \
     /src/data/model/fallback.safetensors /src/data/model/rules.json data/model/
# What made it, kept with its registration.
COPY --from=model /src/dvc.lock ./
# The key is only there for this one command; the image holds none. The code is compiled now,
# because nothing but var/ can be written later.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --no-input \
 && python -m compileall -q --invalidation-mode unchecked-hash . \
 && install --directory --owner shelfmark --group shelfmark var \
 && install --directory --mode 700 --owner shelfmark --group shelfmark keys
# Last, because it differs from build to build: which code this is, for the receipts.
ARG COMMIT=
ENV SHELFMARK_COMMIT=$COMMIT
LABEL org.opencontainers.image.title="Shelfmark" \
      org.opencontainers.image.description="Says where a product belongs, and remembers exactly why it said so." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision=$COMMIT
# By number: Kubernetes believes runAsNonRoot only then.
USER 10001:10001
# The places that are written to, besides /tmp and /dev/shm. Only the job runner needs the second,
# with SHELFMARK_LEDGER_KEYS_DIR.
VOLUME ["/srv/shelfmark/var", "/srv/shelfmark/keys"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "deploy/healthcheck.py"]
# Give it SECRET_KEY_FILE, ALLOWED_HOSTS and DATABASE_URL_FILE. Once per release, run
# `deploy/release.sh` before it; in a container of its own, `python manage.py run_jobs`.
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "config.wsgi"]

# One image for all commands: `rurban ingest`, `rurban api`, `rurban simulate`, ...
FROM node:22.21.1-bookworm-slim AS page
WORKDIR /page
COPY dashboards/web ./
RUN npm ci --no-audit --no-fund --ignore-scripts && npm run build

FROM python:3.12.12-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/rurban
COPY requirements/run.lock requirements/
RUN /opt/rurban/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
    -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY dashboards dashboards
COPY --from=page /page/dist dashboards/web/dist
COPY devices devices
COPY ingest ingest
COPY insight insight
COPY rurban rurban
COPY telemetry telemetry
RUN /opt/rurban/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . && \
    /opt/rurban/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl

FROM python:3.12.12-slim-bookworm
RUN groupadd --gid 1883 rurban && \
    useradd --uid 1883 --gid 1883 --no-create-home --shell /usr/sbin/nologin rurban && \
    install -d -o rurban -g rurban /data
COPY --from=build /opt/rurban /opt/rurban
ENV PATH=/opt/rurban/bin:$PATH RURBAN_DATA_DIR=/data PYTHONUNBUFFERED=1
USER 1883:1883
ENTRYPOINT ["rurban"]

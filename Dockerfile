# The worker and the Groq emulator. The engine has an image of its own.
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/build && python -m venv --without-pip /opt/catalyst-groq
COPY requirements-build.lock requirements-worker.lock ./
RUN pip --python /opt/build install --require-hashes -r requirements-build.lock \
    && pip --python /opt/catalyst-groq install --require-hashes -r requirements-worker.lock
COPY LICENSE README.md pyproject.toml ./
COPY bpmn bpmn
COPY bpmnlint-plugin-catalyst-groq bpmnlint-plugin-catalyst-groq
COPY templates templates
COPY worker worker
RUN pip --python /opt/build wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/catalyst-groq install --no-deps --no-index /wheels/*.whl
COPY licences.toml ./
COPY scripts/installed_packages.py scripts/sbom.py scripts/
RUN /opt/catalyst-groq/bin/python scripts/installed_packages.py > packages.json \
    && /opt/catalyst-groq/bin/python scripts/sbom.py < packages.json > /opt/catalyst-groq/sbom.cdx.json

FROM python:${PYTHON}
ARG PYTHON
# Given by the release workflow; empty in other builds.
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="Catalyst Groq worker" \
      org.opencontainers.image.description="Camunda 7 external-task worker: BPMN service tasks ask Groq" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/catalyst-groq/catalyst-groq-worker" \
      org.opencontainers.image.documentation="https://github.com/catalyst-groq/catalyst-groq-worker/blob/main/docs/deployment.md" \
      org.opencontainers.image.base.name="docker.io/library/python:${PYTHON}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      io.catalyst.groq.sbom="/opt/catalyst-groq/sbom.cdx.json"
COPY --from=build /opt/catalyst-groq /opt/catalyst-groq
# For the journal: a volume that is mounted here belongs to the worker's user.
RUN install -d -o 10001 -g 10001 -m 700 /var/lib/catalyst-groq
# The worker claims its worker id in a file. /dev/shm is writable even where the root file system is read-only.
ENV PATH=/opt/catalyst-groq/bin:$PATH \
    CATALYST_HTTP_HOST=0.0.0.0 \
    CATALYST_HTTP_PORT=8081 \
    CATALYST_JOURNAL=/var/lib/catalyst-groq/journal.sqlite \
    TMPDIR=/dev/shm
# The worker reads worker.yaml and catalyst-secrets.properties from here.
WORKDIR /etc/catalyst-groq
# A number, because Kubernetes (runAsNonRoot) cannot check a name.
USER 10001:10001
EXPOSE 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["catalyst-groq", "healthy"]
ENTRYPOINT ["catalyst-groq"]
CMD ["run"]

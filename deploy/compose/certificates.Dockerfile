# bash and openssl for the service `certificates` of compose.yaml. The context is deploy/.
FROM docker.io/library/debian:bookworm-slim@sha256:abd67ffcfa541b485a3dff59865ab629aa048a6c613e639d36e7456b0b229241
RUN apt-get update && apt-get install -y --no-install-recommends openssl && rm -rf /var/lib/apt/lists/*
COPY pki/make-certificates compose/distribute-secrets /usr/local/bin/
CMD ["distribute-secrets", "/secrets", "10001:10001"]

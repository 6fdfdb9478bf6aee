# One target for each service, and `cli`: docker build --target ingest -t cloister/ingest .
# An image holds Node and the service, bundled with what it uses of its packages (docs/adr/0026-images-hold-a-bundle.md):
# no shell, no package manager, no source.
#
# These are images for production: a service starts on evidence of hardware (docs/attestation.md), and nothing in its image
# could make evidence or believe it without. To try Cloister on a machine without such hardware:
#   docker build --build-arg CLOISTER_BUILD=development --target keys -t cloister/keys:development .
ARG CLOISTER_BUILD=production

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs libs
COPY services services
COPY embedded embedded
COPY cli cli
RUN npm ci
COPY tsconfig.base.json ./
COPY scripts scripts
RUN npx tsc -b services/ingest services/redaction services/enclave-inference services/embedding services/retention services/keys cli
ARG CLOISTER_BUILD
RUN for folder in services/ingest services/redaction services/enclave-inference services/embedding services/retention services/keys; do \
      node scripts/image-tree.ts "$CLOISTER_BUILD" "$folder" "/images/$(basename "$folder")" || exit 1; \
    done
# The command is no attested service, and `cloister serve` is all of Cloister in development.
RUN node scripts/image-tree.ts development cli /images/cli

# C and C++ runtime libraries and certificates, and no program at all; `nonroot` is user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot AS runtime
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
ARG CLOISTER_BUILD
# As scripts/stack/service-memory.ts says; a test holds the two together. The condition is for the command's packages: what a
# service's bundle holds is settled.
ENV NODE_ENV=production NODE_OPTIONS="--max-semi-space-size=4 --max-old-space-size=256 --conditions=cloister-${CLOISTER_BUILD}" MALLOC_ARENA_MAX=2
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node"]

FROM runtime AS keys
COPY --from=build /images/keys /app
CMD ["services/keys/dist/main.js"]

FROM runtime AS ingest
COPY --from=build /images/ingest /app
CMD ["services/ingest/dist/main.js"]

FROM runtime AS redaction
COPY --from=build /images/redaction /app
CMD ["services/redaction/dist/main.js"]

FROM runtime AS enclave-inference
COPY --from=build /images/enclave-inference /app
CMD ["services/enclave-inference/dist/main.js"]

FROM runtime AS embedding
COPY --from=build /images/embedding /app
CMD ["services/embedding/dist/main.js"]

FROM runtime AS retention
COPY --from=build /images/retention /app
CMD ["services/retention/dist/main.js"]

# For migrations, topics, tenants: docker compose run --rm cli --help
FROM runtime AS cli
COPY --from=build /images/cli /app
ENTRYPOINT ["/usr/local/bin/node", "cli/dist/main.js"]
CMD ["--help"]

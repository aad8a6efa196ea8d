# Anabranch's image for people with a builder: `docker build --tag anabranch .`, for more than one architecture
# `docker buildx build --platform linux/amd64,linux/arm64 .`. `make image` makes the same one without a container engine.

FROM rust:1.95-bookworm AS build
# What `tests/setup/packages.sh build` installs: clang reads RocksDB's headers, mold links.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends clang libclang-dev mold pkg-config ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The base's own compiler: without this, rust-toolchain.toml would have rustup fetch whichever is the newest.
RUN RUSTUP_TOOLCHAIN=$RUST_VERSION CARGO_TARGET_DIR=/target \
      cargo build --release --locked --package anabranch --package anabranch-operator \
 && mkdir -p /image/etc /image/usr/local/bin /image/usr/share \
 && for program in anabranch anabranch-operator; do \
      strip --strip-debug -o /image/usr/local/bin/$program /target/release/$program || exit 1; \
    done

# A base as distroless ones are: the loader and the libraries that the programs ask for, certificates, time zones, one user.
RUN set -eux; cd /image; \
    for library in $(ldd usr/local/bin/* | grep -o '/[^ ]* (0x' | cut -d' ' -f1 | sort -u); do \
      install -D --mode=755 "$(realpath "$library")" ".$library"; \
    done; \
    install -D --mode=644 /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/ca-certificates.crt; \
    cp -a /usr/share/zoneinfo usr/share/; \
    printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >etc/passwd; \
    printf 'root:x:0:\nnonroot:x:65532:\n' >etc/group; \
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' >etc/nsswitch.conf; \
    cp /etc/os-release etc/os-release; \
    install -d --mode=1777 tmp; \
    install -d --mode=700 --owner=65532 --group=65532 home/nonroot var/lib/anabranch

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/local/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt HOME=/home/nonroot
USER 65532:65532
LABEL org.opencontainers.image.title="Anabranch" \
      org.opencontainers.image.description="Kinesis Data Streams for your own Kubernetes cluster" \
      org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["/usr/local/bin/anabranch"]

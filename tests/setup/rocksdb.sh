#!/bin/bash
# Print the folder of a compiled RocksDB; compile it if it is not in the cache (10 to 20 minutes on two cores, once).
#
# Cargo would compile it as a part of its crate, and again for every change of features anywhere in the lock file that
# touches what its build script is built with. Here it is keyed by what goes into it: the crate's version and the flags.
# The crate takes it by ROCKSDB_LIB_DIR and ROCKSDB_STATIC (see the Makefile).
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${ANABRANCH_CACHE:-$HOME/.cache/anabranch}

version=$(awk '/^name = "librocksdb-sys"$/ { getline; gsub(/version = |"/, ""); print }' Cargo.lock)
flags=$(sed -n 's/^CXXFLAGS_x86_64_unknown_linux_gnu = "\(.*\)"$/\1/p' .cargo/config.toml)
key=$(printf '%s\n' "$version" "$flags" "$(rustc -vV | sed -n 's/^host: //p')" "$(c++ -dumpversion)" | sha256sum | cut -c1-16)
folder="$cache/rocksdb/$key"
if [ ! -e "$folder/librocksdb.a" ]; then
  echo "setup: compiling RocksDB (librocksdb-sys $version; 10 to 20 minutes on two cores, once)" >&2
  work="$cache/rocksdb/$key.build"
  rm -rf "$work"
  mkdir -p "$work/src"
  cat >"$work/Cargo.toml" <<TOML
[package]
name = "rocksdb-build"
version = "0.0.0"
edition = "2024"

[dependencies]
librocksdb-sys = { version = "=${version%%+*}", default-features = false, features = ["bindgen-runtime"] }

[workspace]
TOML
  : >"$work/src/lib.rs"
  mkdir -p "$work/.cargo"
  cp .cargo/config.toml "$work/.cargo/"
  (cd "$work" && unset ROCKSDB_LIB_DIR ROCKSDB_STATIC && CARGO_TARGET_DIR="$work/target" cargo build --release --quiet) >&2
  mkdir -p "$folder"
  cp "$work"/target/release/build/librocksdb-sys-*/out/librocksdb.a "$folder/librocksdb.a.new"
  # Whole or not at all.
  mv "$folder/librocksdb.a.new" "$folder/librocksdb.a"
  rm -rf "$work"
fi
echo "$folder"

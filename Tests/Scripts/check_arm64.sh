#!/bin/sh
# Compiles every kernel for arm64 with warnings as errors, and runs the kernels' checks (Tests/Kernels) under qemu: each
# kernel's NEON code against its portable code, products also with the matrix multiplication of i8mm. Names the package
# to install where a tool is missing, and fails then.
set -eu
cd "$(dirname "$0")/../.."

need() { # a command or file, and the Debian package that has it
  if [ ! -e "$1" ] && ! command -v "$1" >/dev/null 2>&1; then
    echo "check_arm64: $1 is missing: sudo apt-get install $2" >&2
    exit 1
  fi
}
need clang clang
need /usr/aarch64-linux-gnu/include libc6-dev-arm64-cross
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
need qemu-aarch64 qemu-user

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags="--target=aarch64-linux-gnu -std=c17 -O2 -Wall -Wextra -Werror -ISources/CKernels/include"
for source in $(find Sources/CKernels Tests/Kernels -name '*.c'); do
  object="$out/$(echo "$source" | tr '/' '_').o"
  # shellcheck disable=SC2086
  clang $flags -isystem /usr/aarch64-linux-gnu/include -c "$source" -o "$object"
  echo "compiled $source"
done
aarch64-linux-gnu-gcc -static "$out"/*.o -o "$out/check" -lm -lpthread
qemu-aarch64 -cpu max "$out/check"

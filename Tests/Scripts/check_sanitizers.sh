#!/bin/sh
# Looks for memory errors, undefined behaviour and data races, with the sanitizers of Swift's own toolchain:
#
# 1. the C kernels at odd sizes on every instruction set (Tests/Kernels), with AddressSanitizer and
#    UndefinedBehaviorSanitizer, without optimisation: what is checked is the code as it is written;
# 2. the same with ThreadSanitizer, the thread pool's own checks among them;
# 3. the thread pool's and the generator's tests with ThreadSanitizer, in a package of what they need. Swift code is
#    optimised, which takes a sixth of the processor time; the sanitizer checks the accesses to memory that remain.
#
# Everything is built below .build-sanitizers.
set -eu
cd "$(dirname "$0")/../.."
out=.build-sanitizers
jobs=$(getconf _NPROCESSORS_ONLN)
libraries="$(dirname "$(dirname "$(clang -print-resource-dir)")")/swift/linux"

build() { # name, flags, libraries: the kernels and their checks, compiled side by side
  mkdir -p "$out/$1"
  find Sources/CKernels Tests/Kernels -name '*.c' | SOTTO_FLAGS="$2" SOTTO_OUT="$out/$1" xargs -P "$jobs" -I FILE sh -c '
    clang -std=c17 -g $SOTTO_FLAGS -Wall -Wextra -Werror -ISources/CKernels/include -c FILE \
      -o "$SOTTO_OUT/$(echo FILE | tr / _).o"'
  # shellcheck disable=SC2086
  clang -fuse-ld=lld $2 "$out/$1"/*.o -o "$out/$1/check" ${3:-} -lm -lpthread
}

echo "== kernels with AddressSanitizer and UndefinedBehaviorSanitizer, and with ThreadSanitizer"
build address "-O0 -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"
# The toolchain's runtime knows libdispatch.
build thread "-O1 -fsanitize=thread" "-L$libraries -Wl,-rpath,$libraries -ldispatch -lBlocksRuntime"
# Each runs mostly on one thread.
TSAN_OPTIONS=halt_on_error=1 "$out/thread/check" > "$out/thread/log" 2>&1 &
races=$!
"$out/address/check"
if ! wait "$races"; then
  cat "$out/thread/log"
  echo "check_sanitizers: the kernels' checks fail with ThreadSanitizer" >&2
  exit 1
fi

echo "== thread pool and generator with ThreadSanitizer"
python3 Tests/Scripts/engine_package.py "$out/package" GenerationTests ComputeTests
clang -std=c17 -O1 -Wall -Wextra -Werror -c Tests/Scripts/tsan_runtime.c -o "$out/tsan_runtime.o"
swiftc -O -swift-version 6 -sanitize=thread Tests/Scripts/tsan_sharing.swift "$out/tsan_runtime.o" -o "$out/sharing"
"$out/sharing"
if "$out/sharing" race 2> "$out/sharing.log"; then
  echo "check_sanitizers: ThreadSanitizer does not report the race in tsan_sharing.swift" >&2
  exit 1
fi
grep -q "access race" "$out/sharing.log"
TSAN_OPTIONS=halt_on_error=1 swift test --sanitize thread -Xcc -O1 -Xswiftc -O -Xlinker "$PWD/$out/tsan_runtime.o" \
  --package-path "$out/package" --scratch-path "$out/swift" \
  --filter 'ThreadPoolTests|InstructionSetTests|Generator|ModelLeavingTests|ResidentModelsTests'

#!/bin/bash
# Tries installation and removal in a bare Debian 12: check_install.sh FOLDER PACKAGE.deb MODEL.gguf
#
# Needs root for chroot. debootstrap fetches Debian's packages; nothing else uses the network. DEBIAN_ROOT is a root that
# was made before with the same packages; it is copied.
set -euo pipefail
folder=$(realpath "$1") package=$(realpath "$2") model=$(realpath "$3")
cd "$(dirname "$0")/../.."

root=$(mktemp -d)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
fail() { echo "check_install: $*" >&2; exit 1; }

# The root has exactly the package's dependencies, so a missing one is noticed.
depends=$(dpkg-deb --field "$package" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/[[:space:]]//g')
if [ -n "${DEBIAN_ROOT:-}" ]; then
  cp -a "$DEBIAN_ROOT/." "$root"
else
  debootstrap --variant=minbase --include="$depends" bookworm "$root" > "$root.log" 2>&1 \
    || { tail -5 "$root.log" >&2; fail "debootstrap failed"; }
  rm -f "$root.log"
fi
# Programs read their arguments there.
mount -t proc proc "$root/proc"
cp "$model" "$root/model.gguf"
cp "$package" "$root/sotto.deb"
inside() { chroot "$root" env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 "$@"; }
state() {
  (cd "$root" && find . -path ./proc -prune -o -name 'sotto*' -print -o -name '_sotto' -print | sort; cd usr && find local | sort)
}

before=$(state)
works() { # the prefix of the installation
  [[ "$(inside sotto --version)" = [0-9]* ]] || fail "$1: sotto --version"
  [ -n "$(inside sotto generate /model.gguf -p "The capital of France is" --max-tokens 4 --temperature 0)" ] \
    || fail "$1: sotto generate"
  inside sotto models > /dev/null 2>&1 || fail "$1: sotto models"
  # A download without libcurl says what is missing.
  local message
  message=$(inside sotto pull a/b 2>&1 || true)
  [[ "$message" = *libcurl* ]] || fail "$1: sotto pull without libcurl says: $message"
  inside bash -n "$1/share/bash-completion/completions/sotto" || fail "$1: bash completion"
  for file in zsh/site-functions/_sotto fish/vendor_completions.d/sotto.fish sotto/themes/night.toml; do
    [ -s "$root$1/share/$file" ] || fail "$1: share/$file is missing"
  done
}

inside dpkg -i /sotto.deb > /dev/null || fail "the package does not install"
works /usr
[ -s "$root/usr/share/man/man1/sotto.1.gz" ] || [ -s "$root/usr/share/doc/sotto/README.md" ] || fail "no manual"
[ -z "$(inside dpkg --verify sotto)" ] || fail "dpkg --verify finds changed files"
inside dpkg --purge sotto > /dev/null || fail "the package is not removed"
rm -rf "$root"/root/.config/sotto "$root"/root/.local "$root"/root/.cache
[ "$(state)" = "$before" ] || fail "the package leaves: $(state)"

# Twice: an installation over an earlier one.
for _ in 1 2; do Scripts/install "$folder" "$root/usr/local" --record; done
works /usr/local
Scripts/install --remove "$root/usr/local"
rm -rf "$root"/root/.config/sotto "$root"/root/.local "$root"/root/.cache
[ "$(state)" = "$before" ] || fail "make uninstall leaves: $(state)"
# A prefix that did not exist is gone afterwards.
Scripts/install "$folder" "$root/opt/new/prefix" --record
Scripts/install --remove "$root/opt/new/prefix"
[ ! -e "$root/opt/new/prefix" ] || fail "make uninstall leaves: $(find "$root/opt/new/prefix")"
echo "installs, runs and is removed in a bare Debian 12: $(du -h "$package" | cut -f1) package"

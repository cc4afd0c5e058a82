# Installs missing programs. The other scripts source this file.

say() {
    printf '%s\n' "$*" >&2
}

# has PROGRAM: Debian does not add PostgreSQL's programs to the PATH.
has() {
    command -v "$1" >/dev/null 2>&1 || ls "${POSTGRES_BIN:-.}/$1" /usr/lib/postgresql/*/bin/"$1" 2>/dev/null | grep -q .
}

# need PROGRAM PACKAGE [OTHER]: PACKAGE is the name of the package for apt, and OTHER its name for other package
# managers if it differs.
need() {
    has "$1" && return
    package=${3:-$2}
    command -v apt-get >/dev/null 2>&1 && package=$2
    as_root=
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && as_root='sudo -n'; } || as_root=false
    if command -v apt-get >/dev/null 2>&1; then
        { $as_root apt-get update && $as_root apt-get install -y --no-install-recommends "$package"; } >&2 || true
    elif command -v dnf >/dev/null 2>&1; then
        $as_root dnf install -y "$package" >&2 || true
    elif command -v apk >/dev/null 2>&1; then
        $as_root apk add "$package" >&2 || true
    elif command -v pacman >/dev/null 2>&1; then
        $as_root pacman -Sy --noconfirm "$package" >&2 || true
    elif command -v brew >/dev/null 2>&1; then
        brew install "$package" >&2 || true
    fi
    has "$1" || {
        say "The tests need '$1': install the package '$package' and run this again."
        exit 1
    }
}

command -v cargo >/dev/null 2>&1 || {
    say "The tests need Rust 1.88 or later, with cargo: see https://rustup.rs"
    exit 1
}
need cc gcc     # for linking, and to compile SQLite for an example

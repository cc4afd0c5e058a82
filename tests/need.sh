# Finds missing programs. Other scripts source this file, call `need` for each program, and then `have_all`.
#
# As root, `have_all` installs the missing programs. For other users, it prints the command that installs them and stops,
# unless the script was called with `--install`: then it runs this command, with `sudo` if the package manager needs it.

say() {
    printf '%s\n' "$*" >&2
}

# has PROGRAM: Debian does not add PostgreSQL's programs to the PATH.
has() {
    command -v "$1" >/dev/null 2>&1 || ls "${POSTGRES_BIN:-.}/$1" /usr/lib/postgresql/*/bin/"$1" 2>/dev/null | grep -q .
}

programs='' packages=''
# need PROGRAM PACKAGE [OTHER]: PACKAGE is the name of the package for apt, and OTHER its name for other package
# managers if it differs.
need() {
    has "$1" && return
    programs="$programs $1"
    case $manager in apt-get) packages="$packages $2" ;; *) packages="$packages ${3:-$2}" ;; esac
}

# have_all [--install]
have_all() {
    [ "$programs" ] || return 0
    case $manager in
    apt-get) command="apt-get install -y --no-install-recommends$packages" ;;
    dnf) command="dnf install -y$packages" ;;
    apk) command="apk add$packages" ;;
    pacman) command="pacman -S --noconfirm$packages" ;;
    brew) command="brew install$packages" ;;
    *) say "Missing:$programs. Install the packages$packages, and run this again."; exit 1 ;;
    esac
    # Homebrew refuses to run as root.
    as_root=
    [ "$(id -u)" = 0 ] || [ "$manager" = brew ] || as_root='sudo '
    if [ "$(id -u)" != 0 ] && [ "${1-}" != --install ]; then
        say "Missing:$programs. To install them, run this again with --install, or run:"
        say "    $as_root$command"
        exit 1
    fi
    case $manager in
    apt-get) $as_root apt-get update >&2 ;;
    pacman) $as_root pacman -Sy >&2 ;;
    esac
    $as_root $command >&2
    for program in $programs; do
        has "$program" || { say "'$program' is still missing after: $as_root$command"; exit 1; }
    done
}

manager=none
for found in apt-get dnf apk pacman brew; do
    command -v $found >/dev/null 2>&1 && manager=$found && break
done

command -v cargo >/dev/null 2>&1 || {
    say "The tests need Rust 1.88 or later, with cargo: see https://rustup.rs"
    exit 1
}
need cc gcc     # for linking, and to compile SQLite for an example

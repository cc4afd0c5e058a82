//! Running PostgreSQL's programs, which refuse to run as root.

use std::{
    env, fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::ErrorKind,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// Creates an empty directory, which belongs to the user that the programs run as.
pub fn directory() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("postgres-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let directory = env::temp_dir().join(name);
    fs::create_dir(&directory).unwrap();
    if let Some((user, group)) = other_user() {
        chown(&directory, Some(user), Some(group)).unwrap();
    }
    directory
}

/// Returns the command of a program, such as `initdb`, that works in `directory`.
pub fn command(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command
}

/// Runs or spawns a command; names the missing package if its program is missing.
pub fn run<T>(command: &mut Command, how: impl FnOnce(&mut Command) -> std::io::Result<T>) -> T {
    how(command).unwrap_or_else(|error| {
        let program = Path::new(command.get_program());
        let name = program.file_name().unwrap_or_default().display();
        let package = if name.to_string() == "pgbouncer" { "pgbouncer" } else { "postgresql" };
        match error.kind() {
            ErrorKind::NotFound => panic!(
                "these tests need {name}: install the package `{package}` (Debian, Ubuntu), or set `POSTGRES_BIN` to \
                 the directory of PostgreSQL's programs; `sh tests/all.sh` installs it"
            ),
            _ => panic!("{} does not start: {error}", program.display()),
        }
    })
}

/// Returns the path of one of PostgreSQL's programs, which Debian does not add to the `PATH`.
pub fn postgres(name: &str) -> PathBuf {
    if let Some(directory) = env::var_os("POSTGRES_BIN") {
        return Path::new(&directory).join(name);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path().join("bin").join(name)).collect();
    versions.retain(|path| path.exists());
    versions.sort();
    versions.pop().unwrap_or_else(|| name.into())
}

/// Returns a port below the ephemeral range, so that no outgoing connection takes it while the server is down.
pub fn free_port() -> u16 {
    loop {
        let random = RandomState::new().build_hasher().finish();
        let port = 22_000 + u16::try_from(random % 10_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Returns the user and the group to run as, if this process is root.
fn other_user() -> Option<(u32, u32)> {
    // `/proc/self` belongs to the user of the process. Without `/proc`, as on macOS, tests do not run as root.
    if fs::metadata("/proc/self").map_or(true, |process| process.uid() != 0) {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |user: &str| {
        let mut fields = users.lines().find(|line| line.starts_with(&format!("{user}:")))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(ids("postgres").or_else(|| ids("nobody")).expect("user `postgres` or `nobody` is missing"))
}

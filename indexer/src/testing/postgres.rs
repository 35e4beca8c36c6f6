//! A PostgreSQL server in a temporary folder. It ends with the process that started it, however that ends.

use std::{
    fs,
    io::{BufRead as _, BufReader, Error, Result, Write as _},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// Starts the server and stops it, as its starter says, and says when it has ended. Once the pipe from its starter closes, it
/// ends the server for good and removes its folder.
const KEEPER: &str = r#"
server=
stop() {
    [ -z "$server" ] || kill -QUIT "$server"
    wait
    server=
}
while read -r task; do
    stop
    case $task in
        start) "$@" >/dev/null 2>>"$FOLDER/log" & server=$! ;;
        stop) echo stopped ;;
    esac
done
stop
rm -rf "$FOLDER"
"#;

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    keeper: Child,
    /// What the keeper says.
    said: BufReader<ChildStdout>,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts one, with these settings besides ours (`name=value`).
    ///
    /// # Errors
    /// Where there is no PostgreSQL: `scripts/setup` installs it.
    pub fn start(settings: &[&str]) -> Result<Self> {
        let programs = programs()?;
        let folder = TempDir::with_prefix("conet-postgres-")?.keep();
        own(&folder)?;
        let data = folder.join("data");
        let mut initdb = as_postgres(&programs.join("initdb"));
        initdb.args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"]);
        let made = initdb.arg("--username=postgres").arg("--pgdata").arg(&data).output()?;
        if !made.status.success() {
            return Err(Error::other(String::from_utf8_lossy(&made.stderr)));
        }
        let server = as_postgres(&programs.join("postgres"));
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(server.get_program()).args(server.get_args());
        keeper.arg("-D").arg(&data).arg("-k").arg(&folder).args(["-c", "listen_addresses="]);
        for setting in settings {
            keeper.args(["-c", setting]);
        }
        keeper.env("FOLDER", &folder).current_dir("/");
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let said = keeper.stdout.take().ok_or_else(|| Error::other("nobody keeps PostgreSQL"))?;
        let said = BufReader::new(said);
        let mut started = Self { folder, programs, keeper, said, databases: AtomicU32::new(0) };
        started.start_again()?;
        Ok(started)
    }

    fn tell(&mut self, task: &str) -> Result<()> {
        let keeper = self.keeper.stdin.as_mut();
        let keeper = keeper.ok_or_else(|| Error::other("nobody keeps PostgreSQL"))?;
        keeper.write_all(task.as_bytes())
    }

    /// Ends the server as a crash does: nobody is told, and nothing is written any more. Returns once it has ended.
    ///
    /// # Errors
    /// When nobody keeps it.
    pub fn stop(&mut self) -> Result<()> {
        self.tell("stop\n")?;
        let mut said = String::new();
        self.said.read_line(&mut said)?;
        if said == "stopped\n" { Ok(()) } else { Err(Error::other("PostgreSQL does not stop")) }
    }

    /// Starts the server again, with what it had.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again(&mut self) -> Result<()> {
        self.tell("start\n")?;
        self.wait()
    }

    fn wait(&self) -> Result<()> {
        for _ in 0..300 {
            if self.sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(Error::other(format!("PostgreSQL does not answer: {log}")))
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// What the server says.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let psql = self.programs.join("psql");
        let output = Command::new(if psql.exists() { psql } else { "psql".into() })
            .args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", sql])
            .arg("-h")
            .arg(&self.folder)
            .output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(Error::other(String::from_utf8_lossy(&output.stderr)))
        }
    }

    /// A new database's URL.
    ///
    /// # Errors
    /// What the server says.
    pub fn database(&self) -> Result<String> {
        let name = format!("conet{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(&name))
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    /// Ends every connection, as a server does that restarts.
    ///
    /// # Errors
    /// What the server says.
    pub fn cut(&self) -> Result<()> {
        let others =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                      AND backend_type = 'client backend'";
        self.sql("postgres", others).map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It ends by itself; a zombie is all that could stay.
        let _ = self.keeper.wait();
    }
}

/// The server refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}

/// Gives the folder to the user that the server runs as.
fn own(folder: &Path) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    let (user, group): (u32, u32) =
        ids.ok_or_else(|| Error::other("no user postgres: run ./scripts/setup"))?;
    chown(folder, Some(user), Some(group))
}

/// Where Debian has the newest server's programs; else where the path does.
fn programs() -> Result<PathBuf> {
    let mut found: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    let in_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    found
        .pop()
        .or_else(in_path)
        .ok_or_else(|| Error::other("PostgreSQL is missing: run ./scripts/setup"))
}

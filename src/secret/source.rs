//! Secrets from the environment and from files.

use std::{
    env::{self, VarError},
    fs::File,
    io::{self, Read},
    path::Path,
    str,
};

use zeroize::Zeroizing;

use super::{InvalidSecret, Secret};

impl Secret {
    /// Reads the secret from an environment variable.
    ///
    /// ```
    /// use tower_webhook::Secret;
    ///
    /// let error = Secret::from_env("ACME_WEBHOOK_SECRET").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "signing secret cannot be used: environment variable `ACME_WEBHOOK_SECRET` is not set"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the variable is missing or not Unicode, or if its text is not valid as a
    /// [`Secret`](Self#errors). The error contains the variable's name, but not its value.
    pub fn from_env(name: &str) -> Result<Self, InvalidSecret> {
        of_variable(name, env::var(name))
    }

    /// Reads the secret from a file, such as one mounted by Docker or Kubernetes.
    ///
    /// One line break at the end is removed. The file may have up to 64 KiB. The call blocks, so make it at
    /// start-up.
    ///
    /// ```no_run
    /// use tower_webhook::{Secret, WebhookLayer};
    ///
    /// let layer = WebhookLayer::try_new(Secret::from_file("/run/secrets/webhook")?)?;
    /// # Ok::<(), tower_webhook::InvalidSecret>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is too long or is not UTF-8, or if its text is not valid
    /// as a [`Secret`](Self#errors). The error contains the path, but not the content.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, InvalidSecret> {
        let path = path.as_ref();
        let shown = path.display();
        let content = read(path)
            .map_err(|error| InvalidSecret::new(format!("file `{shown}` cannot be read: {error}")))?;
        if content.len() > LONGEST {
            return Err(InvalidSecret::new(format!("file `{shown}` is longer than 64 KiB")));
        }
        let text = str::from_utf8(&content)
            .map_err(|_| InvalidSecret::new(format!("file `{shown}` is not UTF-8")))?;
        let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        text.parse()
            .map_err(|error: InvalidSecret| InvalidSecret::new(format!("file `{shown}`: {}", error.reason)))
    }
}

/// The maximum size of a file. JSON Web Key sets have about 10 kB.
const LONGEST: usize = 64 * 1024;

/// Reads up to one byte more than the limit, into a buffer that does not reallocate: reallocation would leave
/// a copy of the secret in memory.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    File::open(path)?.take(LONGEST as u64 + 1).read_to_end(&mut content)?;
    Ok(content)
}

fn of_variable(name: &str, value: Result<String, VarError>) -> Result<Secret, InvalidSecret> {
    match value {
        Ok(text) => text.try_into().map_err(|error: InvalidSecret| {
            InvalidSecret::new(format!("environment variable `{name}`: {}", error.reason))
        }),
        Err(VarError::NotPresent) => {
            Err(InvalidSecret::new(format!("environment variable `{name}` is not set")))
        }
        Err(VarError::NotUnicode(_)) => {
            Err(InvalidSecret::new(format!("environment variable `{name}` is not Unicode")))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may panic")]
mod tests {
    use std::{fs, path::PathBuf, process};

    use super::*;

    fn reason(error: &InvalidSecret) -> String {
        error.to_string().replace("signing secret cannot be used: ", "")
    }

    #[test]
    fn variables_are_named_and_their_values_are_not_shown() {
        let error = |value| reason(&of_variable("NAME", value).unwrap_err());
        assert_eq!(error(Err(VarError::NotPresent)), "environment variable `NAME` is not set");
        let not_unicode = VarError::NotUnicode("hunter2".into());
        assert_eq!(error(Err(not_unicode)), "environment variable `NAME` is not Unicode");
        assert_eq!(error(Ok(String::new())), "environment variable `NAME`: text is empty");
        let white_space = "environment variable `NAME`: text begins or ends with white space";
        assert_eq!(error(Ok("hunter2 ".into())), white_space);
    }

    #[test]
    fn variables_are_read() {
        // Cargo sets this variable for tests.
        let secret = Secret::from_env("CARGO_PKG_NAME").unwrap();
        assert_eq!(secret.expose_str(), Some("tower-webhook"));
        for name in ["TOWER_WEBHOOK_NOT_SET", "", "a=b", "a\0b"] {
            assert!(reason(&Secret::from_env(name).unwrap_err()).ends_with(" is not set"), "{name:?}");
        }
    }

    /// A file that is removed on drop.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str, content: &[u8]) -> Self {
            let path = env::temp_dir().join(format!("tower-webhook-{}-{name}", process::id()));
            fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn one_final_line_break_of_a_file_is_removed() {
        const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAQIDBA==\n-----END PUBLIC KEY-----";
        for (content, text) in [
            ("hunter2".to_owned(), Some("hunter2")),
            ("hunter2\n".to_owned(), Some("hunter2")),
            ("hunter2\r\n".to_owned(), Some("hunter2")),
            ("hunter2\n\n".to_owned(), None),
            ("hunter2 \n".to_owned(), None),
            ("hunter2\r".to_owned(), None),
            ("\n".to_owned(), None),
            (format!("{PEM}\n\n"), Some(PEM)),
        ] {
            let file = Temporary::new("line-break", content.as_bytes());
            let secret = Secret::from_file(&file.0);
            assert_eq!(secret.as_ref().ok().and_then(Secret::expose_str), text, "{content:?}");
            if let Err(error) = secret {
                let reason = reason(&error);
                assert!(reason.starts_with(&format!("file `{}`: text ", file.0.display())), "{reason}");
                assert!(!reason.contains("hunter2"), "{reason}");
            }
        }
    }

    #[test]
    fn errors_name_the_file() {
        let error = |path: &Path| reason(&Secret::from_file(path).unwrap_err());
        let missing = env::temp_dir().join("tower-webhook-missing");
        assert!(error(&missing).starts_with(&format!("file `{}` cannot be read: ", missing.display())));
        let file = Temporary::new("not-utf-8", b"hunter2\xff");
        assert_eq!(error(&file.0), format!("file `{}` is not UTF-8", file.0.display()));
        let file = Temporary::new("longest", &[b'a'; LONGEST]);
        assert_eq!(Secret::from_file(&file.0).unwrap().expose().len(), LONGEST);
        let file = Temporary::new("too-long", &[b'a'; LONGEST + 1]);
        assert_eq!(error(&file.0), format!("file `{}` is longer than 64 KiB", file.0.display()));
    }
}

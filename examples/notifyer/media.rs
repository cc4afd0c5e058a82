//! Downloads of images, voice notes and documents. The links in messages are valid for a day.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::{
    fs::{File, create_dir_all, rename, try_exists},
    io::AsyncWriteExt,
    time::timeout,
};
use tower_webhook::BoxError;

/// Slightly more than WhatsApp's largest media.
const MAX_SIZE: u64 = 110 << 20;
const TIMEOUT: Duration = Duration::from_secs(120);

/// An HTTP client, such as one that your program already has. It must not follow redirects, which may lead to any host.
/// [`Downloads`] limits the size and the time of a download. With a `reqwest` client, built with
/// `redirect::Policy::none()`, the body is `reqwest::Body`, and `get` is
///
/// ```ignore
/// Ok(self.0.get(url).send().await?.into())
/// ```
pub(crate) trait Download: Send + Sync + 'static {
    type Body: Body<Data = Bytes, Error: Into<BoxError> + Send> + Send + Unpin;

    fn get(&self, url: &str) -> impl Future<Output = Result<Response<Self::Body>, BoxError>> + Send;
}

/// A directory for downloaded media.
pub(crate) struct Downloads<D> {
    client: D,
    directory: PathBuf,
    from: Vec<String>,
}

/// The final result of a download, which a retry would not change.
pub(crate) enum Media {
    Saved(PathBuf),
    /// The reason why the file cannot be saved.
    NotSaved(&'static str),
}

impl<D: Download> Downloads<D> {
    /// Creates a downloader that saves into `directory`. Links must be from one of the origins in `from`, each a scheme
    /// and host. Otherwise an attacker could use a link to reach internal hosts (server-side request forgery).
    pub(crate) fn new(client: D, directory: PathBuf, from: Vec<String>) -> Self {
        Self { client, directory, from }
    }

    /// Downloads the file at `url`, unless an earlier run of the same delivery has downloaded it. `name` identifies the
    /// delivery, and `run` this run.
    ///
    /// # Errors
    ///
    /// Returns an error if a retry may succeed.
    pub(crate) async fn save(&self, url: &str, name: &str, run: u64) -> Result<Media, BoxError> {
        if !self.from.iter().any(|from| is_from(url, from)) {
            return Ok(Media::NotSaved("link is not from an allowed origin"));
        }
        let file = self.directory.join(format!("{name}{}", extension(url)));
        if try_exists(&file).await? {
            return Ok(Media::Saved(file));
        }
        create_dir_all(&self.directory).await?;
        let part = Part(self.directory.join(format!("{name}.{run}.part")));
        let downloading = timeout(TIMEOUT, self.download(url, &part.0)).await;
        if let Some(reason) = downloading.map_err(|_| "download timed out")?? {
            return Ok(Media::NotSaved(reason));
        }
        // Rename the file once it is complete, so that no reader sees a partial file.
        rename(&part.0, &file).await?;
        Ok(Media::Saved(file))
    }

    async fn download(&self, url: &str, to: &Path) -> Result<Option<&'static str>, BoxError> {
        let response = self.client.get(url).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Ok(Some("link has expired"));
            }
            other => return Err(format!("download failed with {other}").into()),
        }
        let mut file = File::create(to).await?;
        let (mut body, mut left) = (response.into_body(), MAX_SIZE);
        // Write each frame to the file, to keep only one in memory.
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(Into::into)?.into_data() else { continue };
            left = match left.checked_sub(data.len() as u64) {
                Some(left) => left,
                None => return Ok(Some("file is too large")),
            };
            file.write_all(&data).await?;
        }
        // The file must be on disk before the delivery is acknowledged.
        file.sync_all().await?;
        Ok(None)
    }
}

/// A partial file, which is removed on drop unless it was renamed.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Returns whether `url` is from `origin`. A slash must follow the origin in `url`: otherwise a host whose name only
/// begins like the origin's would match.
fn is_from(url: &str, origin: &str) -> bool {
    url.strip_prefix(origin.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the extension of the file name in `url`, if it is safe to use in a file name.
fn extension(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_plain =
        |text: &&str| matches!(text.len(), 1..=5) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).filter(is_plain);
    extension.map(|extension| format!(".{extension}")).unwrap_or_default()
}

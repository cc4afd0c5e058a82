//! Photos, voice notes, documents: a message has a link to them that is good for a day.

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

/// What WhatsApp lets people send at most, and a little more.
const LARGEST: u64 = 110 << 20;
const LONGEST: Duration = Duration::from_secs(120);

/// An HTTP client: whichever the service has already. It need not bound what it gets, [`Downloads`] does;
/// but it must not follow redirects, which may lead anywhere. With `reqwest`, built with
/// `redirect::Policy::none()`, the body is `reqwest::Body`, and `get` is
///
/// ```ignore
/// Ok(self.0.get(url).send().await?.into())
/// ```
pub(crate) trait Download: Send + Sync + 'static {
    type Body: Body<Data = Bytes, Error: Into<BoxError> + Send> + Send + Unpin;

    fn get(&self, url: &str) -> impl Future<Output = Result<Response<Self::Body>, BoxError>> + Send;
}

/// Media that is kept in a directory.
pub(crate) struct Downloads<D> {
    client: D,
    directory: PathBuf,
    from: Vec<String>,
}

/// What came of a download, when trying again would not help.
pub(crate) enum Media {
    Kept(PathBuf),
    /// With the reason.
    NotKept(&'static str),
}

impl<D: Download> Downloads<D> {
    /// `from` is what links may begin with: scheme and host. A link is somebody's text, and followed as
    /// it comes it would be a way into the network behind this service.
    pub(crate) fn new(client: D, directory: PathBuf, from: Vec<String>) -> Self {
        Self { client, directory, from }
    }

    /// Downloads what is at `url`, if an earlier run of the same delivery has not: `name` is the
    /// delivery's, and `run` this run's.
    ///
    /// # Errors
    ///
    /// If it may succeed another time.
    pub(crate) async fn keep(&self, url: &str, name: &str, run: u64) -> Result<Media, BoxError> {
        if !self.from.iter().any(|from| is_from(url, from)) {
            return Ok(Media::NotKept("its link leads somewhere else"));
        }
        let file = self.directory.join(format!("{name}{}", extension(url)));
        if try_exists(&file).await? {
            return Ok(Media::Kept(file));
        }
        create_dir_all(&self.directory).await?;
        let part = Part(self.directory.join(format!("{name}.{run}.part")));
        let downloading = timeout(LONGEST, self.download(url, &part.0)).await;
        if let Some(reason) = downloading.map_err(|_| "the download takes too long")?? {
            return Ok(Media::NotKept(reason));
        }
        // Whoever sees the file sees all of it.
        rename(&part.0, &file).await?;
        Ok(Media::Kept(file))
    }

    async fn download(&self, url: &str, to: &Path) -> Result<Option<&'static str>, BoxError> {
        let response = self.client.get(url).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Ok(Some("its link has expired"));
            }
            other => return Err(format!("the download was answered {other}").into()),
        }
        let mut file = File::create(to).await?;
        let (mut body, mut left) = (response.into_body(), LARGEST);
        // Straight to the file: the memory holds a frame at a time.
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(Into::into)?.into_data() else { continue };
            left = match left.checked_sub(data.len() as u64) {
                Some(left) => left,
                None => return Ok(Some("it is too large")),
            };
            file.write_all(&data).await?;
        }
        // It is on disk before the delivery counts as handled.
        file.sync_all().await?;
        Ok(None)
    }
}

/// A file that is being written, which is gone unless it got its name.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Whether `url` is at `origin`, and not at one of which the name merely begins alike.
fn is_from(url: &str, origin: &str) -> bool {
    url.strip_prefix(origin.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// The extension of the file that `url` names, if it is a plain one: it becomes part of a name here.
fn extension(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_plain =
        |text: &&str| matches!(text.len(), 1..=5) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).filter(is_plain);
    extension.map(|extension| format!(".{extension}")).unwrap_or_default()
}

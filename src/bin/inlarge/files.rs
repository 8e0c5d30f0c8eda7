//! Where results go: a file that gets its name only when it is complete, a device or a pipe.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use inlarge::{Error, Result};
use tempfile::{Builder, NamedTempFile};

/// Links in a row that are followed, as many as Linux does.
const MOST_LINKS: usize = 40;

/// A result's place while it is made.
pub(crate) struct Target {
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    /// Beside the place where it will be; removed where it is not kept.
    Aside(NamedTempFile, PathBuf),
    /// A device or a pipe, which is written into.
    Stream(File),
    /// No file at all.
    Nowhere,
}

/// What an encoder writes to.
pub(crate) trait Sink: Write + Seek + Send {}

impl<T: Write + Seek + Send> Sink for T {}

impl Target {
    /// The place for a result of `source` under the name `path`. A link stays, and the file that it leads to is replaced. `seeks`
    /// tells whether the encoder goes back to the start.
    ///
    /// # Errors
    /// `Encode` where nothing can be written there.
    pub(crate) fn open(path: &Path, source: &Path, seeks: bool) -> Result<Self> {
        let kind = match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(Error::encode(format!("{} is a folder", path.display()), "Name a file, or give the folder as --out-dir"));
            }
            Ok(found) if !found.is_file() => Kind::Stream(stream(path, &found, seeks)?),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(path, &error)),
            _ => {
                let place = follow(path);
                Kind::Aside(aside(&place, source).map_err(|e| cannot(path, &e))?, place)
            }
        };
        Ok(Self { path: path.into(), kind })
    }

    /// For an estimate, which leaves nothing behind.
    pub(crate) fn nowhere(path: &Path) -> Self {
        Self { path: path.into(), kind: Kind::Nowhere }
    }

    /// What to write into.
    pub(crate) fn sink(&self) -> Result<Box<dyn Sink>> {
        let file = match &self.kind {
            Kind::Aside(file, _) => file.as_file(),
            Kind::Stream(file) => file,
            Kind::Nowhere => return Ok(Box::new(Cursor::new(Vec::new()))),
        };
        Ok(Box::new(file.try_clone().map_err(|e| cannot(&self.path, &e))?))
    }

    /// The folder whose disk the result takes space on.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Aside(_, place) => Some(folder_of(place)),
            Kind::Stream(_) | Kind::Nowhere => None,
        }
    }

    /// Gives the complete file its name.
    pub(crate) fn keep(self) -> Result<()> {
        match self.kind {
            Kind::Aside(file, place) => file.persist(place).map(drop).map_err(|e| cannot(&self.path, &e.error)),
            Kind::Stream(_) | Kind::Nowhere => Ok(()),
        }
    }
}

/// A new file of a name that nobody can guess, in the folder of `place`. Its name is short, so that `place` may have the longest
/// that the file system allows.
fn aside(place: &Path, source: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".inlarge-").suffix(".part");
    #[cfg(unix)]
    let permissions = permissions(source);
    #[cfg(unix)]
    builder.permissions(permissions);
    #[cfg(not(unix))]
    let _ = source;
    builder.tempfile_in(folder_of(place))
}

/// Those of any new file, which the umask narrows; but nobody reads the result who must not read the picture.
#[cfg(unix)]
fn permissions(source: &Path) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    let readers = match fs::metadata(source) {
        // What a pipe says of itself says nothing of the picture that comes through it.
        Ok(found) if found.is_file() => found.permissions().mode() & 0o044,
        _ => 0o044,
    };
    fs::Permissions::from_mode(0o600 | readers | readers >> 1)
}

#[cfg_attr(not(unix), allow(unused_variables, reason = "other systems have no such files"))]
fn stream(path: &Path, found: &fs::Metadata, seeks: bool) -> Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = found.file_type();
        if kind.is_block_device() || kind.is_socket() {
            let what = if kind.is_socket() { "a socket" } else { "a disk" };
            return Err(Error::encode(format!("{} is {what}, which no picture is written to", path.display()), "Name a file"));
        }
        if kind.is_fifo() && seeks {
            return Err(Error::encode(
                format!("{} is a pipe, and a TIFF is not written from front to back", path.display()),
                "Choose another --format, or name a file",
            ));
        }
    }
    OpenOptions::new().write(true).open(path).map_err(|e| cannot(path, &e))
}

/// What a link leads to, whether it is there or not; other names as they are.
pub(crate) fn follow(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        path = folder_of(&path).join(target);
    }
    path
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::encode(format!("{} cannot be written: {error}", path.display()), "Choose another place with --output or --out-dir")
}

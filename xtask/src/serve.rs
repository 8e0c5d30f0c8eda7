//! A static server for `dist/` on this machine.

use std::convert::Infallible;
use std::fs;
use std::net::TcpListener;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use crate::headers::Headers;
use crate::process::say;
use crate::site;

const ROOT: &str = "dist";

/// The server's options.
pub(crate) struct Options {
    /// 0 takes a free one.
    port: u16,
    /// Whether the site is built first.
    build: bool,
}

impl Options {
    /// Reads `[--port N] [--no-build]`.
    ///
    /// # Errors
    /// When something else is there.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self { port: 8080, build: true };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--port" => {
                    let value = words.next().ok_or_else(|| anyhow!("--port needs a number, such as `--port 8081`"))?;
                    options.port = value.parse().with_context(|| format!("{value:?} is not a port: give a number up to 65535"))?;
                }
                "--no-build" => options.build = false,
                other => bail!("{other:?} is not understood: `serve` takes --port N and --no-build"),
            }
        }
        Ok(options)
    }
}

/// Builds what is missing and serves the page until the process is ended. On a machine where nothing is built yet the page comes
/// with the module that it cannot do without, and the others are built behind it.
///
/// # Errors
/// When the site is not built or the port is taken.
pub(crate) fn serve(options: &Options) -> Result<()> {
    let later = if options.build { site::build_first()? } else { Vec::new() };
    let root = if later.is_empty() { ROOT } else { site::FIRST };
    let site = Arc::new(Site::open(Path::new(root), &later)?);
    let listener = TcpListener::bind(("127.0.0.1", options.port)).map_err(|error| {
        anyhow!(
            "port {} could not be opened ({error}): stop what uses it, or choose another with `--port {}`",
            options.port,
            options.port.wrapping_add(1).max(1024)
        )
    })?;
    say(format!("serving {root}/ on http://{}/ (Ctrl+C ends it)", listener.local_addr()?));
    if !later.is_empty() {
        say(format!("the page works; {} are still being built, and it does without them until then", later.join(" and ")));
        let site = Arc::clone(&site);
        thread::spawn(move || match site::build_pages().and_then(|()| site.complete(Path::new(ROOT))) {
            Ok(()) => say("all is built: reload the page to have it"),
            Err(error) => {
                eprintln!("\nxtask: the page stays without {}: {error:#}", later.join(" and "));
                site.give_up();
            }
        });
    }
    accept(listener, &site)
}

/// Answers whoever connects, until the process is ended.
fn accept(listener: TcpListener, site: &Arc<Site>) -> Result<()> {
    listener.set_nonblocking(true)?;
    tokio::runtime::Builder::new_multi_thread().enable_io().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // A browser that went away has its reasons; where connections ran out, some end meanwhile.
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let site = Arc::clone(site);
            let answer = service_fn(move |request| {
                let answer = site.answer(&request);
                async { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(async { http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await });
        }
    })
}

type Answer = Response<Full<Bytes>>;

struct Site(RwLock<Pages>);

/// What is served.
struct Pages {
    /// Where files are looked for, one folder after the other.
    folders: Vec<PathBuf>,
    headers: Headers,
    /// Modules that are not built yet.
    later: Vec<String>,
    /// Whether they could not be built.
    failed: bool,
}

impl Pages {
    fn open(folder: &Path, later: &[String]) -> Result<Self> {
        let folder = folder.canonicalize().with_context(|| format!("{} is not there: build it with `cargo xtask dist`", folder.display()))?;
        Ok(Self { headers: Headers::read(&folder)?, folders: vec![folder], later: later.to_vec(), failed: false })
    }
}

impl Site {
    fn open(folder: &Path, later: &[String]) -> Result<Self> {
        Pages::open(folder, later).map(RwLock::new).map(Self)
    }

    fn pages(&self) -> RwLockReadGuard<'_, Pages> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the whole site is served. A page that was opened before may still ask for its own scripts.
    fn complete(&self, folder: &Path) -> Result<()> {
        let mut whole = Pages::open(folder, &[])?;
        let mut pages = self.0.write().unwrap_or_else(PoisonError::into_inner);
        whole.folders.append(&mut pages.folders);
        *pages = whole;
        Ok(())
    }

    /// What is missing stays so.
    fn give_up(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).failed = true;
    }

    fn answer<B>(&self, request: &Request<B>) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let path = request.uri().path();
        let pages = self.pages();
        let mut answer = match pages.file(path, request.headers().get(IF_NONE_MATCH)) {
            Ok(Some(answer)) => answer,
            Ok(None) if pages.is_later(path).is_some() => pages.unbuilt(path),
            Ok(None) => text(StatusCode::NOT_FOUND, "There is no such file here.\n"),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("This file cannot be read: {error}.\n")),
        };
        for (name, value) in pages.headers.for_path(path) {
            // Both are: checked when `_headers` was read.
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}

impl Pages {
    /// The module that `path` belongs to, where that is not built yet.
    fn is_later(&self, path: &str) -> Option<&str> {
        let name = path.strip_prefix("/wasm/")?.split('/').next()?;
        self.later.iter().map(String::as_str).find(|other| *other == name)
    }

    /// The answer for a file of a module that is not built yet.
    fn unbuilt(&self, path: &str) -> Answer {
        let name = self.is_later(path).unwrap_or_default();
        if self.failed {
            return text(StatusCode::SERVICE_UNAVAILABLE, &format!("The module {name} could not be built: the terminal says why.\n"));
        }
        let mut answer =
            text(StatusCode::SERVICE_UNAVAILABLE, &format!("The module {name} is still being built on this machine: ask again in some minutes.\n"));
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
        answer
    }

    /// The file at `path`, or that the browser has it: `known` are the tags of what it has.
    fn file(&self, path: &str, known: Option<&HeaderValue>) -> std::io::Result<Option<Answer>> {
        let Some(file) = self.find(path) else { return Ok(None) };
        let tag = tag(&file.metadata()?);
        let known = known.and_then(|tags| tags.to_str().ok()).is_some_and(|tags| tags.split(',').any(|t| t.trim() == tag));
        let body = if known { Vec::new() } else { fs::read(&file)? };
        let mut answer = Response::new(Full::from(body));
        *answer.status_mut() = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let fields = answer.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(&file)));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            fields.insert(ETAG, tag);
        }
        Ok(Some(answer))
    }

    /// The file that a URL path names; nothing outside of the folder has a name.
    fn find(&self, url_path: &str) -> Option<PathBuf> {
        let decoded = percent_decode(url_path)?;
        let relative = Path::new(decoded.trim_start_matches('/'));
        if decoded.contains(['\\', '\0']) || relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return None;
        }
        self.folders.iter().find_map(|folder| {
            let mut file = folder.join(relative);
            if file.is_dir() {
                file.push("index.html");
            }
            // A link inside of the folder may lead out of it.
            let file = file.canonicalize().ok()?;
            (file.starts_with(folder) && file.is_file()).then_some(file)
        })
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Changes whenever the file is written.
fn tag(metadata: &fs::Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("\"{:x}-{:x}\"", metadata.len(), modified.as_nanos())
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "md" | "txt" | "ts" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn text(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(Full::from(body.to_owned()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::*;

    /// A site with `index.html` and `a b.wasm`, and a secret beside it.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let outer = std::env::temp_dir().join(format!("inlarge-serve-{}-{:?}", std::process::id(), thread::current().id()));
            fs::create_dir_all(outer.join("site/sub")).unwrap();
            fs::write(outer.join("secret"), "secret").unwrap();
            fs::write(outer.join("site/_headers"), "/*\n  X-Rule: yes\n").unwrap();
            fs::write(outer.join("site/index.html"), "<p>hello").unwrap();
            fs::write(outer.join("site/a b.wasm"), "wasm").unwrap();
            Self(outer)
        }

        /// Serves the site for as long as the tests run.
        fn serve(&self) -> SocketAddr {
            let site = Arc::new(Site::open(&self.0.join("site"), &[]).unwrap());
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            thread::spawn(move || accept(listener, &site).unwrap());
            address
        }

        /// One request, and all of the answer.
        fn ask(&self, request: &str, fields: &str) -> String {
            let mut stream = TcpStream::connect(self.serve()).unwrap();
            write!(stream, "{request} HTTP/1.1\r\nHost: x\r\n{fields}Connection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn ask(request: &str) -> String {
        Folder::new().ask(request, "")
    }

    #[test]
    fn files_come_with_type_rules_and_tag() {
        let page = ask("GET /?x=1");
        assert!(page.starts_with("HTTP/1.1 200") && page.ends_with("<p>hello"), "{page}");
        assert!(page.contains("text/html") && page.contains("x-rule: yes") && page.contains("etag: "), "{page}");
        assert!(page.contains("no-cache"), "{page}");
        assert!(ask("GET /a%20b.wasm").contains("application/wasm"));
        assert!(!ask("HEAD /").contains("hello"));
    }

    #[test]
    fn whoever_connects_is_answered_while_others_keep_their_connection() {
        let folder = Folder::new();
        let address = folder.serve();
        for _ in 0..20 {
            let mut connections: Vec<TcpStream> = (0..12).map(|_| TcpStream::connect(address).unwrap()).collect();
            for stream in &mut connections {
                write!(stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            }
            for stream in &mut connections {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                stream.read_exact(&mut [0; 64]).unwrap();
            }
        }
    }

    #[test]
    fn nothing_outside_of_the_folder_is_served() {
        for path in ["/../secret", "/sub/../../secret", "/%2e%2e/secret", "/..%2fsecret", "/%5c..%5csecret", "//etc/passwd", "/%zz", "/%00"] {
            let answer = ask(&format!("GET {path}"));
            assert!(answer.starts_with("HTTP/1.1 404") && !answer.contains("root:"), "{path}: {answer}");
        }
        assert!(ask("POST /").starts_with("HTTP/1.1 405"));
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let folder = Folder::new();
        let first = folder.ask("GET /", "");
        let tag = first.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
        let second = folder.ask("GET /", &format!("If-None-Match: {tag}\r\n"));
        assert!(second.starts_with("HTTP/1.1 304") && !second.contains("hello"), "{second}");
        fs::write(folder.0.join("site/index.html"), "<p>other").unwrap();
        let third = folder.ask("GET /", &format!("If-None-Match: {tag}\r\n"));
        assert!(third.starts_with("HTTP/1.1 200") && third.ends_with("<p>other"), "{third}");
    }

    #[test]
    fn a_module_that_is_not_built_yet_is_said_to_come_and_comes() {
        let folder = Folder::new();
        let site = Site::open(&folder.0.join("site"), &["tract".to_owned()]).unwrap();
        let ask = |path: &str| {
            let answer = site.answer(&Request::builder().uri(path).body(()).unwrap());
            let retry = answer.headers().get(RETRY_AFTER).is_some();
            (answer.status().as_u16(), retry, answer.headers().contains_key("x-rule"))
        };
        assert_eq!(ask("/wasm/tract/inlarge.js"), (503, true, true));
        for (path, status) in [("/", 200), ("/wasm/app/inlarge.js", 404), ("/wasm/tract2/inlarge.js", 404), ("/tract", 404)] {
            assert_eq!(ask(path), (status, false, true), "{path}");
        }
        site.give_up();
        assert_eq!(ask("/wasm/tract/inlarge.js"), (503, false, true));
        let whole = folder.0.join("whole");
        fs::create_dir_all(whole.join("wasm/tract")).unwrap();
        fs::write(whole.join("_headers"), "/*\n  X-Rule: yes\n").unwrap();
        fs::write(whole.join("wasm/tract/inlarge.js"), "export default 1;").unwrap();
        site.complete(&whole).unwrap();
        assert_eq!(ask("/wasm/tract/inlarge.js"), (200, false, true));
        assert_eq!(ask("/wasm/tract/inlarge_bg.wasm"), (404, false, true));
        // A script of the page that was there before.
        assert_eq!(ask("/a%20b.wasm"), (200, false, true));
    }
}

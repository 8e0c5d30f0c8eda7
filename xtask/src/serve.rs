//! A static server for `dist/` on this machine.

use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, anyhow, bail};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

use crate::headers::Headers;
use crate::process::say;

const ROOT: &str = "dist";

/// The server's options.
pub(crate) struct Options {
    /// 0 takes a free one.
    port: u16,
    /// Whether the site is built first.
    pub(crate) build: bool,
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

/// Serves `dist/` until the process is ended.
///
/// # Errors
/// When the site is not built or the port is taken.
pub(crate) fn serve(options: &Options) -> Result<()> {
    let site = Arc::new(Site::open(Path::new(ROOT))?);
    let server = Server::http(("127.0.0.1", options.port)).map_err(|error| {
        anyhow!(
            "port {} could not be opened ({error}): stop what uses it, or choose another with `--port {}`",
            options.port,
            options.port.wrapping_add(1).max(1024)
        )
    })?;
    let address = server.server_addr();
    say(format!("serving {ROOT}/ on http://{address}/ (Ctrl+C ends it)"));
    let server = Arc::new(server);
    // A page asks for a dozen files at once, and its workers fetch beside it.
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (server, site) = (Arc::clone(&server), Arc::clone(&site));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A browser that went away has its reasons.
                    let _ = site.answer(request);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().map_err(|_| anyhow!("a thread of the server ended"))?;
    }
    Ok(())
}

struct Site {
    folder: PathBuf,
    headers: Headers,
}

impl Site {
    fn open(folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize().with_context(|| format!("{} is not there: build it with `cargo xtask dist`", folder.display()))?;
        Ok(Self { headers: Headers::read(&folder)?, folder })
    }

    fn answer(&self, request: Request) -> std::io::Result<()> {
        if !matches!(request.method(), Method::Get | Method::Head) {
            return request.respond(text(405, "Only GET and HEAD are answered here.\n").with_header(header("Allow", "GET, HEAD")));
        }
        let path = request.url().split(['?', '#']).next().unwrap_or("/").to_owned();
        let Some(file) = self.find(&path) else {
            return request.respond(with_all(text(404, "There is no such file here.\n"), &self.headers.for_path(&path)));
        };
        let content = File::open(&file)?;
        let tag = tag(&content.metadata()?);
        let mut fields = self.headers.for_path(&path);
        fields.push(("ETag", &tag));
        fields.push(("Content-Type", media_type(&file)));
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("Cache-Control")) {
            fields.push(("Cache-Control", "no-cache"));
        }
        let known = request.headers().iter().any(|h| h.field.equiv("If-None-Match") && h.value.as_str().split(',').any(|t| t.trim() == tag));
        if known {
            return request.respond(with_all(Response::empty(304), &fields));
        }
        request.respond(with_all(Response::from_file(content), &fields))
    }

    /// The file that a URL path names; nothing outside of the folder has a name.
    fn find(&self, url_path: &str) -> Option<PathBuf> {
        let decoded = percent_decode(url_path)?;
        let relative = Path::new(decoded.trim_start_matches('/'));
        if decoded.contains(['\\', '\0']) || relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return None;
        }
        let mut file = self.folder.join(relative);
        if file.is_dir() {
            file.push("index.html");
        }
        // A link inside of the folder may lead out of it.
        let file = file.canonicalize().ok()?;
        (file.starts_with(&self.folder) && file.is_file()).then_some(file)
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

fn text(status: u16, body: &str) -> Response<std::io::Cursor<Vec<u8>>> {
    Response::from_string(body).with_status_code(StatusCode(status))
}

fn with_all<R: std::io::Read>(mut response: Response<R>, fields: &[(&str, &str)]) -> Response<R> {
    for (name, value) in fields {
        response.add_header(header(name, value));
    }
    response
}

fn header(name: &str, value: &str) -> Header {
    // Names and values are ASCII: ours, or checked when `_headers` was read.
    Header::from_bytes(name, value).unwrap_or_else(|()| unreachable!("{name}: {value} is not a header"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

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

        /// One request, and all of the answer.
        fn ask(&self, request: &str, fields: &str) -> String {
            let site = Site::open(&self.0.join("site")).unwrap();
            let server = Server::http("127.0.0.1:0").unwrap();
            let mut stream = TcpStream::connect(server.server_addr().to_ip().unwrap()).unwrap();
            let answering = thread::spawn(move || site.answer(server.recv().unwrap()).unwrap());
            write!(stream, "{request} HTTP/1.1\r\nHost: x\r\n{fields}Connection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answering.join().unwrap();
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
        assert!(page.contains("text/html") && page.contains("X-Rule: yes") && page.contains("ETag: "), "{page}");
        assert!(page.contains("no-cache"), "{page}");
        assert!(ask("GET /a%20b.wasm").contains("application/wasm"));
        assert!(!ask("HEAD /").contains("hello"));
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
        let tag = first.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap();
        let second = folder.ask("GET /", &format!("If-None-Match: {tag}\r\n"));
        assert!(second.starts_with("HTTP/1.1 304") && !second.contains("hello"), "{second}");
        fs::write(folder.0.join("site/index.html"), "<p>other").unwrap();
        let third = folder.ask("GET /", &format!("If-None-Match: {tag}\r\n"));
        assert!(third.starts_with("HTTP/1.1 200") && third.ends_with("<p>other"), "{third}");
    }
}

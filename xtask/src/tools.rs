//! Installs what is missing: the wasm target, npm packages, a browser, a software Vulkan device.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, anyhow, bail};

use crate::process::{npm, npx, read, run, say, which};
use crate::stamp::{Inputs, Stamp};

/// The WebAssembly target of the Rust toolchain.
///
/// # Errors
/// When it is missing and cannot be added.
pub(crate) fn wasm_target() -> Result<()> {
    let sysroot = read(Command::new("rustc").args(["--print", "sysroot"]))?;
    if Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown").is_dir() {
        return Ok(());
    }
    if which("rustup").is_none() {
        bail!("the Rust target wasm32-unknown-unknown is missing and there is no rustup to add it: install it as your toolchain was installed");
    }
    say("adding the Rust target wasm32-unknown-unknown, which the browser's modules are compiled for");
    run(Command::new("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
}

/// A component of the Rust toolchain, by the name of the program that it brings.
///
/// # Errors
/// When it is missing and cannot be added.
pub(crate) fn component(program: &str, component: &str) -> Result<()> {
    if Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    if which("rustup").is_none() {
        bail!("{component} is missing and there is no rustup to add it: install it as your toolchain was installed");
    }
    say(format!("adding the Rust component {component}, which the tests use"));
    run(Command::new("rustup").args(["component", "add", component]))
}

/// The packages of package-lock.json, installed again only when that file changed.
///
/// # Errors
/// When there is no Node or npm, or the packages cannot be installed.
pub(crate) fn npm_packages() -> Result<()> {
    const NODE: &str = "install Node.js 20 or later, https://nodejs.org";
    let version = read(Command::new("node").arg("--version")).map_err(|_| anyhow!("there is no Node.js on PATH: {NODE}"))?;
    let major: u32 = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    if major < 20 {
        bail!("Node.js {version} is too old for the build of the page: {NODE}");
    }
    let digest = Inputs::default().word(&version).path("package.json")?.path("package-lock.json")?.digest();
    let stamp = Stamp::of("npm");
    if stamp.holds(&digest, &[PathBuf::from("node_modules/.package-lock.json")]) {
        return Ok(());
    }
    say("installing the npm packages of package-lock.json, which build and test the page");
    // Playwright would fetch three browsers of its own; the tests use the one of the system.
    run(npm().args(["ci", "--no-audit", "--no-fund"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    stamp.set(&digest)
}

/// A Chromium to test in.
///
/// # Errors
/// When none is there and none can be installed.
pub(crate) fn browser() -> Result<PathBuf> {
    if let Some(path) = find_browser() {
        return Ok(path);
    }
    say("installing Chromium, which the tests of the page run in");
    if let Err(refused) = apt_install("chromium") {
        say(format!("{refused:#}; fetching Playwright's own build"));
        run(npx("playwright").args(["install", "chromium"]))
            .map_err(|error| anyhow!("{error:#}. Put a Chromium or Chrome on PATH, or name it in the environment variable CHROMIUM"))?;
    }
    find_browser().ok_or_else(|| anyhow!("Chromium was installed and still is not found: name it in the environment variable CHROMIUM"))
}

fn find_browser() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let system = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].iter().find_map(|name| which(name));
    let applications = || {
        let path = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
        path.is_file().then_some(path)
    };
    let playwrights = || {
        let script = "console.log(require('@playwright/test').chromium.executablePath())";
        let path = PathBuf::from(read(Command::new("node").args(["-e", script])).ok()?);
        path.is_file().then_some(path)
    };
    system.or_else(applications).or_else(playwrights)
}

/// A Firefox to test in.
///
/// # Errors
/// When none is there and none can be installed.
pub(crate) fn firefox() -> Result<PathBuf> {
    const REMEDY: &str = "install Firefox, or name one in the environment variable FIREFOX";
    let find = || {
        let application = PathBuf::from("/Applications/Firefox.app/Contents/MacOS/firefox");
        env::var_os("FIREFOX")
            .map(PathBuf::from)
            .or_else(|| ["firefox-esr", "firefox"].iter().find_map(|name| which(name)))
            .or_else(|| application.is_file().then_some(application))
    };
    if let Some(path) = find() {
        return Ok(path);
    }
    say("installing Firefox ESR, the second browser that the page is tested in");
    apt_install("firefox-esr").map_err(|error| anyhow!("there is no Firefox to test in: {error:#}. {REMEDY}"))?;
    find().ok_or_else(|| anyhow!("firefox-esr was installed and still is not found: {REMEDY}"))
}

/// `WebKitWebDriver`, which brings and drives `WebKitGTK`, and the X server `Xvfb` that it draws on.
///
/// # Errors
/// When one is missing and cannot be installed.
pub(crate) fn webkit() -> Result<[PathBuf; 2]> {
    let installed = |program: &str, package: &str| {
        if let Some(path) = which(program) {
            return Ok(path);
        }
        say(format!("installing {package} for WebKitGTK, the third browser that the page is tested in"));
        apt_install(package).map_err(|error| anyhow!("there is no {program}, without which WebKitGTK cannot be tested: {error:#}"))?;
        which(program).ok_or_else(|| anyhow!("{package} was installed and {program} still is not on PATH"))
    };
    Ok([installed("WebKitWebDriver", "webkit2gtk-driver")?, installed("Xvfb", "xvfb")?])
}

/// A Python with the packages of `training/requirements.txt`: the system's where it has them, else one in `training/.venv`.
///
/// # Errors
/// When there is no Python, or the packages cannot be installed.
pub(crate) fn python() -> Result<PathBuf> {
    const REQUIREMENTS: &str = "training/requirements.txt";
    const FOLDER: &str = "training/.venv";
    let system = Path::new(if cfg!(windows) { "python" } else { "python3" });
    let has_packages = |python: &Path| read(Command::new(python).args(["-c", "import numpy, PIL, onnx, torch"])).is_ok();
    if has_packages(system) {
        return Ok(system.to_owned());
    }
    let own = Path::new(FOLDER).join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let digest = Inputs::default().path(REQUIREMENTS)?.digest();
    let stamp = Stamp::of("python");
    if stamp.holds(&digest, std::slice::from_ref(&own)) {
        return Ok(own);
    }
    say(format!("installing the Python packages of {REQUIREMENTS} in {FOLDER}, for the tests of training/; PyTorch takes up to 6 GB"));
    run(Command::new(system).args(["-m", "venv", FOLDER]))
        .map_err(|error| anyhow!("{error:#}. Install Python 3.11 or later with its module venv (on Debian, the package python3-venv)"))?;
    run(Command::new(&own).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "-r", REQUIREMENTS]))?;
    stamp.set(&digest)?;
    Ok(own)
}

/// A font with an open licence, which the trainer of the text network renders with.
///
/// # Errors
/// When there is none and none can be installed.
pub(crate) fn fonts() -> Result<()> {
    if !cfg!(target_os = "linux") || Path::new("/usr/share/fonts/truetype/dejavu").is_dir() {
        return Ok(());
    }
    say("installing fonts-dejavu-core, which the tests of training/ render text with");
    apt_install("fonts-dejavu-core").map_err(|error| anyhow!("{error:#}. Install the fonts DejaVu"))
}

/// `ExifTool`, which reads back the metadata of every format in `tests/matrix`.
///
/// # Errors
/// When it is not there and cannot be installed.
pub(crate) fn exiftool() -> Result<()> {
    if which("exiftool").is_some() {
        return Ok(());
    }
    say("installing libimage-exiftool-perl, which the tests read the metadata of results with");
    apt_install("libimage-exiftool-perl").map_err(|error| anyhow!("{error:#}. Install ExifTool from https://exiftool.org"))?;
    if which("exiftool").is_some() { Ok(()) } else { bail!("libimage-exiftool-perl was installed and exiftool still is not on PATH") }
}

/// A Vulkan device for the native tests; lavapipe runs on the CPU. Metal and Direct3D come with
/// their systems.
///
/// # Errors
/// When none is there and none can be installed.
pub(crate) fn vulkan() -> Result<()> {
    if !cfg!(target_os = "linux") || has_vulkan() {
        return Ok(());
    }
    say("installing mesa-vulkan-drivers, the software Vulkan device that the GPU tests run on");
    apt_install("mesa-vulkan-drivers").map_err(|error| anyhow!("{error:#}. Install a Vulkan driver; lavapipe of Mesa is enough"))?;
    if has_vulkan() { Ok(()) } else { bail!("mesa-vulkan-drivers was installed and still there is no Vulkan driver in /usr/share/vulkan/icd.d") }
}

fn has_vulkan() -> bool {
    let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().any(|name| env::var_os(name).is_some());
    named
        || ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
            .iter()
            .any(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}

fn apt_install(package: &str) -> Result<()> {
    let Some(apt) = which("apt-get") else { bail!("there is no apt-get to install {package} with") };
    let as_root = read(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    let command = || {
        let mut command = if as_root {
            Command::new(&apt)
        } else {
            let mut sudo = Command::new("sudo");
            // Without a password or not at all: nobody may be there to type one.
            sudo.arg("-n").arg(&apt);
            sudo
        };
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    if !as_root && which("sudo").is_none() {
        bail!("{package} is missing and only root can install it: `apt-get install {package}`");
    }
    run(command().args(["update", "-q"]))?;
    run(command().args(["install", "-y", "-q", "--no-install-recommends", package]))
}

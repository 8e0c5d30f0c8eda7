//! What the results of a run are called, and that none takes the place of another file of the run.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf, absolute};

use inlarge::codec::decode::upright_size;
use inlarge::codec::encode::OutputFormat;
use inlarge::order::name::{folded, stem, suffix};
use inlarge::order::size::Size;
use inlarge::{Error, Result};

use crate::files::{folder_of, follow};

/// The names that a run takes.
pub(crate) struct Names<'a> {
    inputs: &'a [PathBuf],
    output: Option<&'a Path>,
    folder: Option<&'a Path>,
    format: OutputFormat,
    /// Results by their place: the name, and the input.
    taken: Vec<(OsString, PathBuf, usize)>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(inputs: &'a [PathBuf], output: Option<&'a Path>, folder: Option<&'a Path>, format: OutputFormat) -> Self {
        Self { inputs, output, folder, format, taken: Vec::new() }
    }

    /// Claims the names of all results at `size`, before any work. Where the size tells too little, the pictures' headers are read; a
    /// picture whose header says nothing, and all where no size is known yet, are left to [`Self::claim`].
    ///
    /// # Errors
    /// As for [`Self::claim`].
    pub(crate) fn check(&self, size: Option<Size>) -> Result<()> {
        let mut all = Self { taken: Vec::new(), ..*self };
        for (index, input) in self.inputs.iter().enumerate() {
            let sides = match size {
                _ if self.output.is_some() => Some([[1, 1]; 2]),
                // Every picture has the same name then.
                Some(Size::Factor(factor)) if factor.fract() == 0.0 => Size::Factor(factor).of([1, 1]).ok().map(|result| [[1, 1], result]),
                Some(size) => header(input).and_then(|picture| Some([picture, size.of(picture).ok()?])),
                None => None,
            };
            if let Some([picture, result]) = sides {
                all.claim(index, picture, result)?;
            }
        }
        Ok(())
    }

    /// The path for the result of the input of that number, which is of `picture` pixels and becomes `result` pixels.
    ///
    /// # Errors
    /// `Parameter` where that would replace an input or another result of this run.
    pub(crate) fn claim(&mut self, index: usize, picture: [u32; 2], result: [u32; 2]) -> Result<PathBuf> {
        let input = &self.inputs[index];
        let path = self.output.map_or_else(|| self.beside(input, picture, result), Path::to_owned);
        for (other, name) in self.inputs.iter().enumerate() {
            if !same_file(&path, name) {
                continue;
            }
            return Err(if other == index {
                Error::parameter(format!("The result would replace its own input {}", name.display()), "Choose another output name")
            } else {
                Error::parameter(
                    format!("The result of {} would replace the picture {}, which is to be enlarged too", input.display(), name.display()),
                    "Leave one of them out, or use --out-dir",
                )
            });
        }
        let place = place(&path);
        if let Some((_, name, other)) = self.taken.iter().find(|(taken, ..)| *taken == place) {
            return Err(self.clash(&self.inputs[*other], name, input, &path));
        }
        self.taken.push((place, path.clone(), index));
        Ok(path)
    }

    fn beside(&self, input: &Path, picture: [u32; 2], result: [u32; 2]) -> PathBuf {
        // A name that is no text keeps what stands before its last dot.
        let text = input.file_name().unwrap_or_default().to_str();
        let mut name = text.map_or_else(|| input.file_stem().unwrap_or_default().to_owned(), |text| stem(text).into());
        name.push(suffix(picture, result, self.format));
        self.folder.or(input.parent()).unwrap_or(Path::new("")).join(name)
    }

    fn clash(&self, input: &Path, result: &Path, other: &Path, others: &Path) -> Error {
        if same_file(input, other) {
            return Error::parameter(format!("{} is named twice", other.display()), "Name each picture once");
        }
        let become_one = if result == others {
            format!("both become {}", result.display())
        } else {
            format!("become {} and {}, which can be one file", result.display(), others.display())
        };
        let remedy = if self.folder.is_some() {
            "Rename one of them, or enlarge it into another folder"
        } else {
            "Rename one of them, or enlarge it in a run with --out-dir"
        };
        Error::parameter(format!("{} and {} would {become_one}", input.display(), other.display()), remedy)
    }
}

/// The sides of the picture in a file, as far as its header tells.
fn header(input: &Path) -> Option<[u32; 2]> {
    // What comes through a pipe can be read only once.
    if !fs::metadata(input).ok()?.is_file() {
        return None;
    }
    upright_size(&fs::read(input).ok()?)
}

/// That `map` takes the place of neither picture nor result.
///
/// # Errors
/// `Parameter` where it would.
pub(crate) fn check_map(map: &Path, input: &Path, result: &Path) -> Result<()> {
    for (other, what) in [(input, "input"), (result, "result")] {
        if same_file(map, other) {
            return Err(Error::parameter(format!("The map would replace its own {what} {}", other.display()), "Choose another name for --map"));
        }
    }
    Ok(())
}

/// Where a file is or will be: the same for all names of one file, and for names that a file system may take for one.
fn place(path: &Path) -> OsString {
    let end = follow(path);
    let folder = folder_of(&end);
    let folder = folder.canonicalize().or_else(|_| absolute(folder)).unwrap_or_else(|_| folder.to_owned());
    let place = folder.join(end.file_name().unwrap_or_default());
    place.to_str().map_or_else(|| place.clone().into_os_string(), |text| folded(text).into())
}

/// Whether two names are those of one file, that may not be there yet. Devices and pipes are no files: nothing in them is replaced.
fn same_file(a: &Path, b: &Path) -> bool {
    match [a, b].map(|path| fs::metadata(path).ok()) {
        [Some(first), Some(second)] => first.is_file() && second.is_file() && same_there(a, b, &first, &second),
        [None, None] => place(a) == place(b),
        _ => false,
    }
}

/// Of two files that are there: their numbers tell more than their names, whose case a file system may ignore.
#[cfg(unix)]
fn same_there(_: &Path, _: &Path, a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_there(a: &Path, b: &Path, _: &fs::Metadata, _: &fs::Metadata) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

//! The lines that a program writes, as they come.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;
use std::{iter, mem, thread};

use crate::wait::{BETWEEN_LOOKS, PATIENCE};

/// Where a program's log goes.
#[derive(Debug)]
pub(crate) enum Log {
    /// To us, all the time.
    Pipe(Receiver<String>),
    /// Into a file that is read only when it is asked for.
    File(PathBuf),
}

impl Log {
    /// The next lines, each as soon as it is there, until one takes too long. A file is read from its beginning.
    pub(crate) fn lines(&self) -> Box<dyn Iterator<Item = String> + '_> {
        match self {
            Self::Pipe(lines) => Box::new(iter::from_fn(|| lines.recv_timeout(PATIENCE).ok())),
            Self::File(path) => Box::new(growing_lines(path)),
        }
    }

    /// The lines since it was last asked for any; none from a file.
    pub(crate) fn news(&self) -> Vec<String> {
        match self {
            Self::Pipe(lines) => lines.try_iter().collect(),
            Self::File(_) => Vec::new(),
        }
    }
}

/// The lines of a stream; bytes that are no text become U+FFFD. It is read to its end whether or not anyone looks: a
/// program whose log nobody reads any more is killed by it.
pub(crate) fn follow(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
    receiver
}

/// The lines of a file that is being written.
fn growing_lines(file: &Path) -> impl Iterator<Item = String> + use<> {
    let mut reader = BufReader::new(File::open(file).expect("the log's file"));
    let mut line = String::new();
    iter::from_fn(move || {
        let began = Instant::now();
        while !line.ends_with('\n') {
            if reader.read_line(&mut line).ok()? == 0 {
                if began.elapsed() > PATIENCE {
                    return None;
                }
                thread::sleep(BETWEEN_LOOKS);
            }
        }
        Some(mem::take(&mut line).trim_end().to_owned())
    })
}

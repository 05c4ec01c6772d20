//! `pack FILE FOLDER`: writes the inputs in the folder into a file of the corpus, a line each, the short ones first. What stands
//! there above the first empty line was written by hand and stays.

use std::{env, fs, path::Path};

use lookupd_tests::escape;

const HEADER: &str = "\
# Inputs, one a line; \\n, \\r, \\t, \\\\ and \\xNN stand for bytes. Down to the first empty line is what broke something once; the
# rest is found by fuzzing, and the least that covers as much.

";

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [file, folder] = &arguments[..] else { panic!("pack FILE FOLDER") };
    let known = fs::read_to_string(file).unwrap_or_else(|_| HEADER.into());
    let by_hand = known.split_inclusive("\n\n").next().unwrap_or_default();
    let mut inputs = inputs(Path::new(folder));
    inputs.retain(|input| !input.is_empty() && !by_hand.lines().any(|line| line == as_line(input)));
    inputs.sort_by_key(|input| (input.len(), input.clone()));
    let lines: String = inputs.iter().map(|input| as_line(input) + "\n").collect();
    fs::write(file, by_hand.to_owned() + &lines).expect("the file");
}

fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder");
    entries.map(|entry| fs::read(entry.expect("a file").path()).expect("an input")).collect()
}

/// Neither a remark nor a blank at the end, which is easily lost.
fn as_line(input: &[u8]) -> String {
    let mut line = escape(input);
    if line.starts_with('#') {
        line.replace_range(..1, "\\x23");
    }
    if line.ends_with(' ') {
        line.replace_range(line.len() - 1.., "\\x20");
    }
    line
}

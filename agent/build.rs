//! Puts the built dashboard into the binary, where there is one, and notes which compiler built it.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Names the folder of the built dashboard, where that isn't `dist` beside this package. `make` sets it, so that a
/// dashboard that came later is noticed.
const FOLDER: &str = "LOOKUPD_DASHBOARD";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={FOLDER}");
    println!("cargo:rustc-env=BUILT_WITH={}", compiler());
    let folder =
        env::var_os(FOLDER).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist"), PathBuf::from);
    let mut sources = String::from("const HEADERS: &str = ");
    let headers = folder.join("_headers");
    let ui = folder.join("ui");
    if headers.is_file() && ui.is_dir() {
        println!("cargo:rerun-if-changed={}", folder.display());
        let _ = writeln!(sources, "include_str!({headers:?});\nconst FILES: &[(&str, &[u8])] = &[");
        let mut files: Vec<PathBuf> = fs::read_dir(&ui)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let _ = writeln!(sources, "    ({name:?}, include_bytes!({file:?})),");
        }
        sources.push_str("];\n");
    } else {
        sources.push_str("\"\";\nconst FILES: &[(&str, &[u8])] = &[];\n");
    }
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("dashboard.rs");
    if let Err(error) = fs::write(&target, sources) {
        panic!("{} can't be written: {error}", target.display());
    }
}

/// `rustc1.95.0`, as Go writes `go1.26.8`.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split(' ').take(2).collect()
}

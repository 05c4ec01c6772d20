//! Everything that was ever worth keeping of what fuzzing tried, without an engine.

use std::{fs, panic::catch_unwind, path::Path};

use lookupd_tests::unescape;

/// One test for all of them, because they measure what memory the process takes.
#[test]
fn what_is_in_the_corpus_does_no_harm() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in lookupd_fuzz::TARGETS {
        let text = fs::read_to_string(corpus.join(name).with_extension("txt")).expect(name);
        let inputs: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert!(inputs.len() >= 20, "{name} has {} inputs", inputs.len());
        for input in inputs {
            catch_unwind(|| target(&unescape(input))).unwrap_or_else(|_| panic!("{name} broke with {input}"));
        }
    }
}

//! What a follower keeps in `--data-path`: who it is, and its replica of each leader.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use lookupd_core::{AgentId, CatchUp, Check, Incarnation, Replica, Timestamp};

/// The folder. No second process has it.
pub(super) struct Saved {
    folder: PathBuf,
    _lock: File,
}

impl Saved {
    /// # Errors
    /// Where it can't be made or another process has it, in a sentence.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("--data-path {}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|_| {
            format!("--data-path {}: another process uses it; stop that one, or use another folder", folder.display())
        })?;
        Ok(Self { folder: folder.into(), _lock: lock })
    }

    /// Which agent this is, and in which life: a later one than any before, whatever the clock did.
    ///
    /// # Errors
    /// Where it can't be kept, in a sentence.
    pub(super) fn identity(&self, now: Timestamp) -> Result<(AgentId, Incarnation), String> {
        let path = self.folder.join(IDENTITY);
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let known = match fs::read_to_string(&path) {
            Ok(text) => read_identity(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some((random_id(), 0)),
            Err(error) => return Err(failed(error)),
        };
        let (id, last) = known.unwrap_or_else(|| {
            // What the one before announced expires, unless this one announces it, too.
            tracing::warn!("{}: it is damaged, so this is another agent from now on", path.display());
            (random_id(), 0)
        });
        let incarnation = now.as_millis().max(last.saturating_add(1));
        self.replace(IDENTITY, format!("{id} {incarnation}\n").as_bytes()).map_err(failed)?;
        Ok((id, incarnation))
    }

    /// The replica of this leader that was saved last, if there is one that can be used.
    pub(super) fn replica(&self, url: &str, now: Timestamp) -> Option<Replica> {
        let path = self.folder.join(file_of(url));
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!("{}: it can't be read, and isn't used: {error}", path.display());
                return None;
            }
        };
        let replica = unsealed(&bytes).and_then(|bytes| {
            let saved = CatchUp::decode(bytes).ok()?;
            Replica::restore(&saved.snapshot, saved.lifetimes, now).ok()
        });
        if replica.is_none() {
            tracing::warn!("{}: it is damaged or of another release, and isn't used", path.display());
        }
        replica
    }

    /// Saves this replica of this leader. What was saved before stays until this is whole.
    pub(super) fn save(&self, url: &str, replica: &[u8]) {
        let name = file_of(url);
        if let Err(error) = self.replace(&name, replica) {
            tracing::error!("{}: it can't be saved: {error}", self.folder.join(name).display());
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.folder.join(format!("{name}.new"));
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.folder.join(name))?;
        File::open(&self.folder)?.sync_all()
    }
}

/// A replica as it is saved: in the form in which a leader sends it, behind a check of that. Nothing where it holds nothing.
pub(super) fn sealed(replica: &Replica, now: Timestamp) -> Option<Vec<u8>> {
    let bytes = replica.hand_on(None, now)?.encode();
    Some([&Check::default().next(&bytes).to_bytes()[..], &bytes].concat())
}

fn unsealed(saved: &[u8]) -> Option<&[u8]> {
    let (check, bytes) = saved.split_first_chunk()?;
    (Check::default().next(bytes) == Check::from_bytes(*check)).then_some(bytes)
}

/// An id that no other agent has.
pub(super) fn random_id() -> AgentId {
    #[expect(clippy::expect_used, reason = "hexadecimal digits are an id")]
    AgentId::parse(&format!("{:016x}", fastrand::u64(..))).expect("an id")
}

fn read_identity(text: &str) -> Option<(AgentId, Incarnation)> {
    let (id, incarnation) = text.trim_end().split_once(' ')?;
    Some((AgentId::parse(id).ok()?, incarnation.parse().ok()?))
}

/// Another leader's replica is in another file: it would tell of another cluster.
fn file_of(url: &str) -> String {
    let name: String =
        Check::default().next(url.as_bytes()).to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("replica-{name}")
}

const LOCK: &str = "agent.lock";

const IDENTITY: &str = "agent";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn who_it_is_is_read_as_it_was_written() {
        let id = random_id();
        assert_eq!(read_identity(&format!("{id} 17\n")), Some((id, 17)));
        for damaged in ["", "a", "a b", " 1", "a 18446744073709551616"] {
            assert_eq!(read_identity(damaged), None, "{damaged:?}");
        }
    }
}

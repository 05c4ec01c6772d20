use alloc::{format, string::String, vec::Vec};

use base64ct::{Base64, Encoding as _};

use super::{BATCH, BEGINNING, BYTES, CHECK, CLUSTER, EXPORTED_AT, History, LIFETIME, PART, TIMEOUT, VERSION, end};
use crate::{
    change::{Batch, Check, Revision, SnapshotPart},
    http::json,
    past::NoSuchPast,
    producer::Lifetimes,
    time::{Timestamp, millis},
};

impl History {
    /// The file. `cluster` is a name of `.a-zA-Z0-9_-`.
    ///
    /// # Errors
    /// [`NoSuchPast::Broken`] where what is stored isn't whole.
    pub fn to_file(&self, cluster: &str, lifetimes: &Lifetimes, now: Timestamp) -> Result<Vec<u8>, NoSuchPast> {
        let (mut check, from_at) = self.start()?;
        let from = self.snapshot.revision;
        let (to, to_at) = self.log.last().map_or((from, from_at), |last| (last.revision, last.at));
        let [now, from_at, to_at] = [now, from_at, to_at].map(Timestamp::as_millis);
        let [timeout, lifetime] = [lifetimes.inactive_producer_timeout, lifetimes.tombstone_lifetime].map(millis);
        let mut file = format!(
            r#"{BEGINNING}{VERSION}{CLUSTER}{cluster}"{EXPORTED_AT}{now}{TIMEOUT}{timeout}{LIFETIME}{lifetime},"from":{{"revision":{from},"at":{from_at}}},"to":{{"revision":{to},"at":{to_at}}}}}"#
        );
        file.push('\n');
        for part in &self.snapshot.parts {
            push_all(&mut file, &[PART, &Base64::encode_string(part), "\"}\n"]);
        }
        for (revision, entry) in (from + 1..).zip(&self.log) {
            check = check.next(&entry.bytes);
            let batch = decoded(&entry.bytes, revision)?;
            if (entry.check, batch.revision, batch.at) != (check, revision, entry.at) {
                return Err(NoSuchPast::Broken(revision));
            }
            let at = entry.at.as_millis();
            push_all(&mut file, &[&format!(r#"{BATCH}{revision},"at":{at}{CHECK}{check}{BYTES}"#)]);
            push_all(&mut file, &[&Base64::encode_string(&entry.bytes), r#"","changes":"#]);
            // serde_json writes text.
            push_all(&mut file, &[&String::from_utf8_lossy(&json(&batch.changes)), "}\n"]);
        }
        let lines = self.snapshot.parts.len() + self.log.len() + 2;
        let end = end(lines, &file);
        push_all(&mut file, &[&end, "\n"]);
        Ok(file.into_bytes())
    }

    /// The check at the snapshot, and when that state began.
    fn start(&self) -> Result<(Check, Timestamp), NoSuchPast> {
        let Some(part) = self.snapshot.parts.first() else { return Ok(Default::default()) };
        let part = SnapshotPart::decode(part).map_err(|_| NoSuchPast::Broken(self.snapshot.revision))?;
        Ok((part.cursor.check, part.at))
    }
}

fn decoded(bytes: &[u8], revision: Revision) -> Result<Batch, NoSuchPast> {
    Batch::decode(bytes).map_err(|_| NoSuchPast::Broken(revision))
}

fn push_all(file: &mut String, texts: &[&str]) {
    texts.iter().for_each(|text| file.push_str(text));
}

//! A stream of the leader that is followed: what whoever opened it here and the leader say to each other.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split};

use crate::{
    follower::Connection,
    serving::{Stopping, stopped},
};

/// Passes everything on until one of the two, or the daemon, is at its end. `read` is what was read of the caller behind the
/// request.
pub(super) async fn serve(
    caller: impl AsyncRead + AsyncWrite + Unpin,
    read: Vec<u8>,
    leader: Connection,
    stopping: &mut Stopping,
) {
    let (mut from_caller, mut to_caller) = split(caller);
    let (mut from_leader, mut to_leader) = split(leader);
    let asking = async {
        to_leader.write_all(&read).await?;
        copy(&mut from_caller, &mut to_leader).await
    };
    tokio::select! {
        // The end of either is that of both: who follows must learn that nothing comes any more.
        _ = asking => {}
        _ = copy(&mut from_leader, &mut to_caller) => {}
        () = stopped(stopping) => {}
    }
}

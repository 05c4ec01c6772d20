//! A stream of the leader that is followed: what whoever opened it here and the leader say to each other.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};

use crate::{
    follower::Connection,
    serving::{Stopping, stopped},
};

/// Passes everything on until one of the two, or the daemon, is at its end. `read` is what was read of the caller behind the
/// request.
pub(super) async fn serve(
    mut caller: impl AsyncRead + AsyncWrite + Unpin,
    read: Vec<u8>,
    mut leader: Connection,
    stopping: &mut Stopping,
) {
    let talk = async {
        leader.write_all(&read).await?;
        copy_bidirectional(&mut caller, &mut leader).await
    };
    tokio::select! {
        // However it ended: both see it.
        _ = talk => {}
        () = stopped(stopping) => {}
    }
}

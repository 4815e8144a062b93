//! Ctrl-C, SIGTERM and SIGHUP: the first one ends the run in order, the second one at once.

use dualround_loadgen::Cancel;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::SeqCst},
};

/// Exit code of the signal that was given, 0 before one.
pub(crate) type ReceivedSignal = Arc<AtomicU8>;

/// Lets writes beyond `ulimit -f` fail as on a full disk: by itself the signal that they raise ends the
/// program without a word.
#[cfg(unix)]
pub(crate) fn survive_large_files() {
    use tokio::signal::unix::{SignalKind, signal};
    /// SIGXFSZ, on Linux and macOS.
    const FILE_SIZE: i32 = 25;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    if let Ok(runtime) = runtime {
        // What is set up here stays when the listener is gone. Without it all is as it was.
        let _ = runtime.block_on(async { signal(SignalKind::from_raw(FILE_SIZE)).map(drop) });
    }
}

#[cfg(not(unix))]
pub(crate) fn survive_large_files() {}

/// Listens for signals on a thread of its own.
pub(crate) fn listen(cancel: &Cancel) -> ReceivedSignal {
    let given = ReceivedSignal::default();
    let (cancel, code) = (cancel.clone(), Arc::clone(&given));
    let _ = std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(runtime) = runtime {
                runtime.block_on(wait(&cancel, &code));
            }
        });
    given
}

#[cfg(unix)]
async fn wait(cancel: &Cancel, given: &ReceivedSignal) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    // Under nohup a run goes on.
    let mut hangup = if hangup_is_ignored() {
        None
    } else {
        signal(SignalKind::hangup()).ok()
    };
    loop {
        let gone = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let code = tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
            _ = gone => 129,
        };
        if given.swap(code, SeqCst) != 0 {
            std::process::exit(i32::from(code));
        }
        cancel.cancel();
    }
}

/// Whoever started the program wants it to outlive its terminal; listening would undo that. Known on
/// Linux: the first bit of the signals that are ignored.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
async fn wait(cancel: &Cancel, given: &ReceivedSignal) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if given.swap(130, SeqCst) != 0 {
            std::process::exit(130);
        }
        cancel.cancel();
    }
}

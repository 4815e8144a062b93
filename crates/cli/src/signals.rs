//! Ctrl-C and SIGTERM: the first one ends the run in order, the second one at once.

use dualround_loadgen::Cancel;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::SeqCst},
};

/// Exit code of the signal that was given, 0 before one.
pub(crate) type Given = Arc<AtomicU8>;

/// Listens on a thread of its own.
pub(crate) fn listen(cancel: &Cancel) -> Given {
    let given = Given::default();
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
async fn wait(cancel: &Cancel, given: &Given) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    loop {
        let code = tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        };
        if given.swap(code, SeqCst) != 0 {
            std::process::exit(i32::from(code));
        }
        cancel.cancel();
    }
}

#[cfg(not(unix))]
async fn wait(cancel: &Cancel, given: &Given) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if given.swap(130, SeqCst) != 0 {
            std::process::exit(130);
        }
        cancel.cancel();
    }
}

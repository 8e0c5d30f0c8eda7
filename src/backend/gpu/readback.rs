//! Reading a result back: the future of a mapped buffer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Default)]
struct State {
    done: Option<bool>,
    waker: Option<Waker>,
}

/// Resolves to whether the buffer could be mapped, once the work before it is done.
///
/// Natively it waits for the device when it is polled; in a browser the device calls back.
pub(super) struct Mapping<'a> {
    device: &'a wgpu::Device,
    submission: wgpu::SubmissionIndex,
    state: Arc<Mutex<State>>,
}

impl<'a> Mapping<'a> {
    /// Starts to map `buffer`, which `submission` fills.
    pub(super) fn start(device: &'a wgpu::Device, buffer: &wgpu::Buffer, submission: wgpu::SubmissionIndex) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            let waker = {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                state.done = Some(result.is_ok());
                state.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        Self { device, submission, state }
    }
}

impl Future for Mapping<'_> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let done = self.state.lock().unwrap_or_else(PoisonError::into_inner).done;
        if done.is_none() {
            // Does nothing in a browser. An error (a lost device) also ends the mapping.
            let wait = wgpu::PollType::Wait { submission_index: Some(self.submission.clone()), timeout: None };
            if self.device.poll(wait).is_err() {
                return Poll::Ready(false);
            }
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = state.done {
            return Poll::Ready(done);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

//! One open socket: a task that reads messages, starts their functions and writes posts, until the socket ends.

use std::{pin::pin, str, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use tokio::{
    select,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep_until},
};

use super::{
    answer::{self, Failure},
    close::{CloseReason, Ending, Goodbye},
    event::{self, Event},
    frames::{self, Incoming, Payload},
    order::Order,
    socket::Socket,
};
use crate::{
    config::Route,
    connections::{Closing, Connection, Mailbox},
    functions::{Functions, InvokeError},
    ids,
    shared::{Phase, Shared},
};

pub(super) struct Session<F> {
    shared: Arc<Shared<F>>,
    socket: Socket,
    connection: Arc<Connection>,
    /// One permit for each message whose function runs.
    room: Arc<Semaphore>,
    order: Order,
    opened_at: Instant,
    last_frame_at: Instant,
}

impl<F: Functions> Session<F> {
    pub(super) fn new(shared: Arc<Shared<F>>, socket: Socket, connection: Arc<Connection>) -> Self {
        let room = Arc::new(Semaphore::new(shared.limits().in_flight_per_connection_max));
        let now = Instant::now();
        Self { shared, socket, connection, room, order: Order::default(), opened_at: now, last_frame_at: now }
    }

    /// Serves the socket until it ends. Returns how it ended, and the socket if a close frame is left to send. The
    /// connection no longer exists then, and earlier posts are in the output.
    pub(super) async fn run(mut self, mut mailbox: Mailbox) -> (Ending, Option<Socket>) {
        let ending = self.serve(&mut mailbox).await;
        match ending.goodbye {
            Goodbye::Cut => return (ending, None),
            Goodbye::Return => {}
            Goodbye::Say(_) => {
                while let Some(message) = mailbox.queue.try_next() {
                    self.socket.put_message(message);
                }
            }
        }
        (ending, Some(self.socket))
    }

    async fn serve(&mut self, mailbox: &mut Mailbox) -> Ending {
        let mut phase = self.shared.phase.clone();
        let mut stop = pin!(stop(&mut mailbox.closing, self.shared.phase.clone()));
        let mut expiry = pin!(sleep_until(self.expires_at()));
        loop {
            if let Err(ending) = self.advance() {
                return ending;
            }
            let congested = self.socket.is_congested();
            let crowded = self.room.available_permits() == 0;
            let running = *phase.borrow_and_update() == Phase::Running;
            select! {
                ready = self.socket.stream.readable(), if running && !congested && !crowded => {
                    if ready.is_err() || self.socket.read().is_err() {
                        return Ending::cut();
                    }
                }
                ready = self.socket.stream.writable(), if !self.socket.out.is_empty() => {
                    if ready.is_err() {
                        return Ending::cut();
                    }
                }
                Some(message) = mailbox.queue.next(), if !congested => {
                    self.socket.put_message(message);
                    while !self.socket.is_congested() && let Some(message) = mailbox.queue.try_next() {
                        self.socket.put_message(message);
                    }
                    self.touch();
                }
                () = until_free(&self.room), if running && crowded => {}
                _ = phase.changed(), if running => {}
                reason = &mut stop => return Ending::by_gateway(reason),
                () = &mut expiry => {
                    if self.expires_at() <= Instant::now() {
                        return Ending::by_gateway(CloseReason::GOING_AWAY);
                    }
                    expiry.as_mut().reset(self.expires_at());
                }
            }
        }
    }

    /// Does the work that needs no waiting: writes, and starts the functions of the messages that have arrived, while
    /// there is room. The rest waits for bytes, for the client to read, or for a function to end.
    fn advance(&mut self) -> Result<(), Ending> {
        loop {
            let more = self.take_arrived()?;
            self.socket.write().map_err(|_| Ending::cut())?;
            // Frames that were left because of congestion must not wait for bytes.
            if !more || self.socket.is_congested() {
                return Ok(());
            }
        }
    }

    /// Starts the functions of the messages that have arrived. Returns whether it stopped only because of congestion.
    fn take_arrived(&mut self) -> Result<bool, Ending> {
        // Entered before the phase is read: a shutdown waits for a function that is started after this.
        let _entered = self.shared.invocations.enter();
        while *self.shared.phase.borrow() == Phase::Running
            && let Ok(permit) = Arc::clone(&self.room).try_acquire_owned()
        {
            if self.socket.is_congested() {
                return Ok(true);
            }
            let Some(incoming) = self.socket.reader.next().map_err(Ending::by_gateway)? else {
                break;
            };
            self.touch();
            self.take(incoming, permit)?;
        }
        Ok(false)
    }

    fn take(&mut self, incoming: Incoming, permit: OwnedSemaphorePermit) -> Result<(), Ending> {
        match incoming {
            Incoming::Message(payload) => self.route(&payload, permit),
            Incoming::Ping(payload) => frames::put_pong(&mut self.socket.out, payload),
            Incoming::Pong => {}
            Incoming::Close(frame) => {
                let returned = frame.as_ref().map(|(code, text)| (*code, text.as_str()));
                frames::put_close(&mut self.socket.out, returned);
                return Err(Ending::by_client(frame));
            }
        }
        Ok(())
    }

    /// Starts the function of a message.
    ///
    /// A binary message goes to `$default` in base64, and so does a text message that is not UTF-8, which JSON cannot
    /// carry. For the latter RFC 6455 asks to close with 1007, and the behaviour of AWS is not documented. Here a bad
    /// message gets an answer and does not end the socket.
    fn route(&mut self, payload: &Payload, permit: OwnedSemaphorePermit) {
        let text = if payload.is_text { str::from_utf8(&payload.bytes).ok() } else { None };
        let connection = &self.connection;
        let Some(route) = self.shared.routes.select(text) else {
            let failure = answer::failure(Failure::Forbidden, connection.id(), &ids::gateway_id());
            self.socket.put_message(failure);
            return;
        };
        let (config, opening) = (&self.shared.config, connection.opening());
        let event = match text {
            Some(text) => event::message(config, opening, &route.key, text, false),
            None => event::message(config, opening, &route.key, &STANDARD.encode(&payload.bytes), true),
        };
        let (shared, connection, route) =
            (Arc::clone(&self.shared), Arc::clone(connection), Arc::clone(route));
        let Event { request_id, json } = event;
        let turn = shared.functions.order_key(&route.function, &json).map(|key| self.order.enter(key));
        self.shared.invocations.spawn(async move {
            let mut turn = turn;
            if let Some(turn) = &mut turn {
                turn.come().await;
            }
            let message_bytes_max = shared.limits().message_bytes_max;
            let deliver = async |answer| {
                if let Some(message) = reply(answer, &route, connection.id(), &request_id, message_bytes_max)
                {
                    connection.answer(message).await;
                }
                drop(permit);
            };
            shared.invoke_here(&route.function, json, deliver).await;
        });
    }

    fn touch(&mut self) {
        self.last_frame_at = Instant::now();
        self.connection.touch();
    }

    fn expires_at(&self) -> Instant {
        let limits = self.shared.limits();
        (self.last_frame_at + limits.idle).min(self.opened_at + limits.lifetime)
    }
}

async fn until_free(room: &Semaphore) {
    drop(room.acquire().await);
}

/// Waits until the gateway wants to close the socket; returns the reason.
async fn stop(closing: &mut Closing, phase: watch::Receiver<Phase>) -> CloseReason {
    select! {
        reason = closing.asked() => reason,
        () = Phase::Closing.reached(phase) => CloseReason::GOING_AWAY,
    }
}

/// Returns the answer to a client's message, if there is one.
fn reply(
    answer: Result<Bytes, InvokeError>,
    route: &Route,
    connection_id: &str,
    request_id: &str,
    message_bytes_max: usize,
) -> Option<Bytes> {
    let internal = || Some(answer::failure(Failure::Internal, connection_id, request_id));
    let Ok(answer) = answer else {
        return internal();
    };
    if !route.answers {
        return None;
    }
    match answer::read(&answer) {
        Ok(message) if message.len() > message_bytes_max => {
            tracing::warn!(function = route.function, "the answer of {} is too large", route.function);
            internal()
        }
        Ok(message) => Some(message),
        Err(answer::Malformed) => {
            tracing::warn!(function = route.function, "the answer of {} is malformed", route.function);
            internal()
        }
    }
}

//! Phones on the bench, and the pushes to them.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use confab_app::ports::{Devices, Identity};
use confab_app::push::register::register;
use confab_app::push::{Absent, MessageRef, PushTask, Step};
use confab_domain::push::Registration;
use confab_domain::{ConversationId, DeviceId, FamilyId};
use confab_embedded_aws::{Service, ServiceFuture, ServiceRequest, ServiceResponse, Sns};
use confab_lambda::clock;
use confab_protocol::http::PushRegistration;
use push::{Answer, Event};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::bench::{Bench, User};
use crate::queue_bench::redeliver;

/// SNS, which can be made to fail.
#[derive(Clone)]
pub(crate) struct Pushes {
    sns: Sns,
    fault: Arc<Mutex<Option<Fault>>>,
}

/// The failure of a publish.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The publish is throttled.
    Throttled,
    /// The publish is refused with this code and status.
    Refused(&'static str, u16),
    /// The publish is not made and never answered, so that the calling function times out.
    Hangs,
}

impl Default for Pushes {
    fn default() -> Self {
        Self { sns: Sns::in_memory(1).expect("a database"), fault: Arc::default() }
    }
}

impl Pushes {
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// The pushes that were published so far, as the data that an app receives.
    pub(crate) fn published(&self) -> Vec<Value> {
        let published = self.sns.published().expect("a database");
        let facts = published.into_iter().map(|push| {
            let body: Value = serde_json::from_str(&push.message).expect("JSON");
            body["fcmV1Message"]["message"]["data"].clone()
        });
        facts.collect()
    }
}

impl Service for Pushes {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let is_publish = String::from_utf8_lossy(request.body()).contains("Action=Publish");
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        match fault.filter(|_| is_publish) {
            None => self.sns.call(request),
            Some(Fault::Hangs) => Box::pin(std::future::pending()),
            Some(Fault::Throttled) => refused("Throttled", 429),
            Some(Fault::Refused(code, status)) => refused(code, status),
        }
    }
}

fn refused(code: &str, status: u16) -> ServiceFuture {
    let error = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>No</Message></Error></ErrorResponse>"
    );
    let mut response = ServiceResponse::new(error.into());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    Box::pin(std::future::ready(response))
}

/// The identity of a user on their one device.
pub(crate) fn identity(user: &User) -> Identity {
    let number = Ulid(user.n);
    Identity { user: user.id, device: DeviceId::new(number), family: FamilyId::new(number) }
}

impl Bench {
    /// Registers the user's device, as the API does.
    pub(crate) async fn registers(&self, user: &User, token: &str) {
        let wanted = PushRegistration { platform: "fcm".to_owned(), token: token.to_owned() };
        let identity = identity(user);
        register(&self.store, &self.phones, identity, &wanted, clock::now()).await.expect("a registration");
    }

    /// A user with a registered device who is not connected.
    pub(crate) async fn absent(&self, n: u128) -> User {
        let user = User::new(self, n).await;
        self.registers(&user, &format!("token-{n}")).await;
        self.disconnect(n, &format!("c{n}=")).await;
        user
    }

    pub(crate) async fn registration(&self, user: &User) -> Option<Registration> {
        let Identity { user, device, .. } = identity(user);
        self.store.device(user, device).await.expect("a store").expect("a device").push
    }

    /// Disables the endpoint, as after the app was removed from the phone.
    pub(crate) async fn endpoint_is_disabled(&self, user: &User) {
        let registration = self.registration(user).await.expect("a registration");
        let disabled = [("Enabled".to_owned(), "false".to_owned())].into();
        let set = self.sns.set_endpoint_attributes().endpoint_arn(registration.endpoint.as_str());
        set.set_attributes(Some(disabled)).send().await.expect("an endpoint");
    }

    /// Deletes the endpoint, as after a logout of an earlier user of the phone.
    pub(crate) async fn endpoint_is_gone(&self, user: &User) {
        let registration = self.registration(user).await.expect("a registration");
        let delete = self.sns.delete_endpoint().endpoint_arn(registration.endpoint.as_str());
        delete.send().await.expect("an endpoint");
    }

    /// Hands the due records of the queue to `push`; returns their number.
    pub(crate) async fn run_push(&self) -> usize {
        self.run(&self.pushes_queue, |event| self.push_records(event)).await
    }

    pub(crate) async fn push_records(&self, event: SqsEvent) -> SqsBatchResponse {
        match self.push.handle(Event::Records(event)).await {
            Answer::Records(response) => response,
            other @ (Answer::Explanation(_) | Answer::Refused { .. }) => {
                panic!("records were answered by {other:?}")
            }
        }
    }

    /// Hands one record to `push`; returns whether it is to be retried.
    pub(crate) async fn redeliver_push(&self, body: &str) -> bool {
        redeliver(body, |event| self.push_records(event)).await
    }

    /// The outcome of a message, as `push` explains it to an operator.
    pub(crate) async fn explained(&self, conversation: &str, seq: u64) -> Value {
        let question = json!({"explain": {"conversation": conversation, "seq": seq}});
        let answer = self.push.handle(serde_json::from_value(question).expect("a question")).await;
        serde_json::to_value(answer).expect("JSON")
    }
}

fn message_ref(from: &User, to: &User, seq: u64) -> MessageRef {
    let conversation = ConversationId::dm(from.id, to.id).expect("two users");
    MessageRef {
        conversation: conversation.to_string(),
        seq,
        sender: from.id.to_string(),
        sent_at_ms: 1,
        group: None,
    }
}

/// The record that alerts a user to a message. With `unless_renewed`, it alerts no user whose lease was ever renewed.
pub(crate) fn alert(from: &User, to: &User, seq: u64, unless_renewed: bool) -> String {
    let absent = vec![Absent { user: to.id.to_string(), renewed_at_ms: 0 }];
    let task = PushTask::V1(Step::Alert { message: message_ref(from, to, seq), absent, unless_renewed });
    serde_json::to_string(&task).expect("JSON")
}

/// The record that retries an alert.
pub(crate) fn again(from: &User, to: &User, seq: u64, attempt: u32) -> String {
    let task = PushTask::V1(Step::Again {
        message: message_ref(from, to, seq),
        user: to.id.to_string(),
        devices: vec![identity(to).device.to_string()],
        attempt,
    });
    serde_json::to_string(&task).expect("JSON")
}

/// The record of a user whose lease has run out.
pub(crate) fn silence(user: &User, renewed_at_ms: u64) -> String {
    let task = PushTask::V1(Step::Silence { user: user.id.to_string(), renewed_at_ms });
    serde_json::to_string(&task).expect("JSON")
}

/// The record that clears a conversation's alerts.
pub(crate) fn clear(user: &User, peer: &User, (reader, read_seq): (DeviceId, u64)) -> String {
    let conversation = ConversationId::dm(user.id, peer.id).expect("two users");
    let task = PushTask::V1(Step::Clear {
        user: user.id.to_string(),
        conversation: conversation.to_string(),
        reader: reader.to_string(),
        read_seq,
    });
    serde_json::to_string(&task).expect("JSON")
}

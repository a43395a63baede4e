//! Time, servers, and the requests to them.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use confab_app::delivery::deliver::Delivery;
use confab_app::messages::send_message::{Reading, SendMessage, Writer, send_message};
use confab_app::ports::{ClaimKey, Contacts, Inboxes, MessageLog, PairChange, Users};
use confab_app::presence::Probes;
use confab_app::push::PushTask;
use confab_app::{Error, wire};
use confab_domain::claim::APPEND_DELAY_MAX;
use confab_domain::log::Attempt;
use confab_domain::own_mark::ReadThrough;
use confab_domain::retention::Retention;
use confab_domain::{
    ClientMessageId, ContactChange, Content, ConversationId, Kind, Message, Refusal, Seq, Timestamp, UserId,
};
use confab_memory::{DelayQueue, Gateway, Memory, Queue, YieldingSleeper};
use confab_protocol::Ack;

use super::places::Places;
use super::scenario::Scenario;
use super::server::{Bug, Server};
use crate::executor::{Spawner, finish, mortal};
use crate::injector::Changeable;
use crate::random::Random;
use crate::world::{POLICY, account_of, device_of, identity, user};

/// Largest lead of a server's clock. Unit: milliseconds.
const SKEW_MS_MAX: u64 = 10_000;

/// The state that all devices and servers share.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) random: Arc<Random>,
    pub(crate) memory: Memory,
    pub(crate) conversation: ConversationId,
    pub(crate) places: Places,
    gateway: Gateway,
    queue: Queue,
    pushes: DelayQueue<PushTask>,
    probes: Probes,
    /// The last attempt that claimed each key afresh, and when.
    claimants: Mutex<BTreeMap<ClientMessageId, (Attempt, Timestamp)>>,
    /// The read position that is sent with each key.
    throughs: Mutex<BTreeMap<String, ReadThrough>>,
    injector: Arc<Changeable>,
    faulty: AtomicU64,
    step: AtomicU64,
    /// Number of reads of pages of the log and of single entries.
    pub(crate) pages: AtomicU64,
    now_ms: AtomicU64,
    processes: Mutex<Vec<Arc<Process>>>,
    requests: Mutex<Vec<Request>>,
    blocks: Mutex<Vec<Block>>,
    faults: Mutex<Vec<String>>,
}

struct Process {
    writer: Writer,
    ahead: Duration,
}

/// A block, by the steps at which it may have been in force.
struct Block {
    /// The earliest step.
    from: u64,
    /// The step at which it was certainly set, if ever.
    set: u64,
    /// The latest step.
    to: u64,
}

/// One request to send a message.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) command: SendMessage,
    pub(crate) began: u64,
    /// The start by the clock of the request's server.
    pub(crate) now: Timestamp,
    /// The length of the log at the start.
    pub(crate) log_began: u64,
    /// The length of the log at the answer, if no call failed any more.
    pub(crate) log_ended_when_healthy: Option<u64>,
    /// The step and the content of the answer; `None` if the request failed or crashed.
    pub(crate) answered: Option<(u64, Result<Ack, Refusal>)>,
}

/// The user whose sends are checked.
pub(crate) fn sender() -> UserId {
    user(0)
}

pub(crate) fn other() -> UserId {
    user(1)
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let random = Arc::new(Random::new(scenario.seed));
        let injector = Arc::new(Changeable::new(Arc::clone(&random)));
        let memory = Memory::new(Arc::clone(&injector) as _)
            .with_page_max(scenario.page_max)
            .with_claims_max(scenario.claims_max);
        let world = Self {
            memory,
            conversation: ConversationId::dm(sender(), other()).unwrap(),
            places: Places::new(scenario.claims_max),
            gateway: Gateway::new(Arc::clone(&injector) as _),
            queue: Queue::new(Arc::clone(&injector) as _),
            pushes: DelayQueue::default(),
            probes: Probes::default(),
            claimants: Mutex::default(),
            throughs: Mutex::default(),
            injector,
            faulty: AtomicU64::new(0),
            step: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            now_ms: AtomicU64::new(1_790_000_000_000),
            processes: Mutex::default(),
            requests: Mutex::default(),
            blocks: Mutex::default(),
            faults: Mutex::default(),
            random,
            scenario,
        };
        *world.processes.lock().unwrap() =
            (0..world.scenario.processes).map(|_| world.new_process()).collect();
        world
    }

    fn new_process(&self) -> Arc<Process> {
        let retention = Retention::days(u32::from(self.scenario.retention));
        let writer = Writer::new(retention, Arc::new(YieldingSleeper));
        Arc::new(Process { writer, ahead: Duration::from_millis(self.random.below(SKEW_MS_MAX + 1)) })
    }

    fn any_process(&self) -> Arc<Process> {
        let mut processes = self.processes.lock().unwrap();
        if self.random.once_in(12) {
            processes.remove(0);
            processes.push(self.new_process());
        }
        Arc::clone(self.random.pick(&processes))
    }

    /// Creates both accounts and both inbox rows.
    pub(crate) fn make_the_conversation(self: &Arc<Self>, spawner: &Spawner) {
        let world = Arc::clone(self);
        spawner.spawn(async move {
            for n in [0, 1] {
                let account = account_of(user(n), world.now());
                let device = device_of(identity(n, 0), world.now());
                world.memory.create_user(&account, &device, None).await.unwrap();
            }
            world.memory.open(world.conversation, [sender(), other()]).await.unwrap();
        });
        self.run(spawner);
    }

    pub(crate) fn run(&self, spawner: &Spawner) {
        spawner.run(&self.random, || self.tick());
    }

    pub(crate) fn set_faulty(&self, faulty: bool) {
        self.faulty.store(u64::from(faulty), Relaxed);
        self.injector.set(if faulty { self.scenario.failure_once_in } else { 0 });
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.faulty.load(Relaxed) == 1
    }

    fn tick(&self) {
        let mut passed_ms = u64::from(self.step.fetch_add(1, Relaxed).is_multiple_of(16));
        if self.is_faulty() {
            passed_ms = self.random.below(self.scenario.step_ms_max + 1);
            if self.random.once_in(self.scenario.leap_once_in) {
                passed_ms += self.random.below(20 * 60_000);
            }
        }
        self.now_ms.fetch_add(passed_ms, Relaxed);
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.now_ms.fetch_add(seconds * 1000, Relaxed);
    }

    /// Corrects a clock that was ahead.
    pub(crate) fn turn_back(&self, seconds: u64) {
        self.now_ms.fetch_sub(seconds * 1000, Relaxed);
    }

    /// Appends so many messages of the other user, one a second.
    pub(crate) fn fill(&self, messages: u64) {
        for n in 0..messages {
            self.pass(1);
            let head = u64::try_from(self.memory.appended().len()).unwrap();
            let message = Message {
                conversation: self.conversation,
                seq: wire::parse_seq("seq", head + 1).unwrap(),
                sender: other(),
                client_message_id: format!("fill-{n}").parse().unwrap(),
                content: Content { text: Some("Well?".to_owned()), ..Content::default() },
                kind: Kind::Text,
                sent_at: self.now(),
                attempt: Attempt(0),
                expires_at: None,
                mark_revision: 0,
            };
            finish(self.memory.append(&message)).unwrap();
        }
    }

    /// Number of page reads so far.
    pub(crate) fn pages(&self) -> u64 {
        self.pages.load(Relaxed)
    }

    pub(crate) fn sweep(&self) {
        self.memory.sweep(self.now());
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Relaxed))
    }

    pub(crate) fn step(&self) -> u64 {
        self.step.load(Relaxed)
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.scenario.bug == Some(bug)
    }

    /// Records a fresh claim of a key of the sender.
    pub(crate) fn note_claimant(&self, key: ClaimKey<'_>, now: Timestamp) {
        if key.user == sender() {
            self.claimants.lock().unwrap().insert(key.key.clone(), (key.attempt, now));
        }
    }

    /// The last attempt that claimed a key of the sender afresh, and when.
    pub(crate) fn last_claimant(&self, key: &ClaimKey<'_>) -> Option<(Attempt, Timestamp)> {
        self.claimants.lock().unwrap().get(key.key).copied().filter(|_| key.user == sender())
    }

    pub(crate) fn fault(&self, what: String) {
        self.faults.lock().unwrap().push(what);
    }

    pub(crate) fn first_fault(&self) -> Option<String> {
        self.faults.lock().unwrap().first().cloned()
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap()
    }

    /// Whether a block may have been in force at some step of the range.
    pub(crate) fn may_have_been_blocked(&self, from: u64, to: u64) -> bool {
        self.blocks.lock().unwrap().iter().any(|block| block.from <= to && from <= block.to)
    }

    /// Has the other user block or unblock the sender.
    pub(crate) async fn block(&self, on: bool) {
        let change = if on { ContactChange::Block } else { ContactChange::Unblock };
        let began = self.step();
        let index = {
            let mut blocks = self.blocks.lock().unwrap();
            blocks.extend(on.then_some(Block { from: began, set: u64::MAX, to: u64::MAX }));
            blocks.len().saturating_sub(1)
        };
        let relations = futures_util::future::try_join(
            self.memory.relation(other(), sender()),
            self.memory.relation(sender(), other()),
        );
        let Ok((relation, others)) = relations.await else { return };
        let pair = PairChange {
            user: other(),
            other: sender(),
            relation: [relation, relation.after(change, self.now())],
            others_relation: [others, others.after_others(change, self.now())],
        };
        let is_done = matches!(self.memory.change_pair(&pair).await, Ok(true));
        let (now, mut blocks) = (self.step(), self.blocks.lock().unwrap());
        if on {
            blocks[index].set = now;
        } else if is_done {
            let ended = blocks.iter_mut().filter(|block| block.set <= began);
            ended.for_each(|block| block.to = now.min(block.to));
        }
    }

    /// The `send` function; `None` if there is no answer.
    pub(crate) async fn send(&self, from: UserId, key: &str, text: &str) -> Option<Result<Ack, Refusal>> {
        self.send_by(from, (key, text), false).await
    }

    /// A send whose refusal takes long.
    pub(crate) async fn send_hanging(&self, key: &str) -> Option<Result<Ack, Refusal>> {
        self.send_by(sender(), (key, key), true).await
    }

    async fn send_by(
        &self,
        from: UserId,
        (key, text): (&str, &str),
        hangs: bool,
    ) -> Option<Result<Ack, Refusal>> {
        // In a process of its own, where no other send waits for it.
        let process = if hangs { self.new_process() } else { self.any_process() };
        let now = self.now().plus(process.ahead);
        let command = SendMessage {
            sender: from,
            origin: None,
            conversation: self.conversation,
            key: key.parse().unwrap(),
            content: Content { text: Some(text.to_owned()), ..Content::default() },
            attempt: Attempt(u32::try_from(self.random.below(1 << 32)).unwrap()),
            reading: Some(Reading { device: identity(0, 0).device, through: self.through(key) }),
        };
        let index = {
            let mut requests = self.requests();
            let (began, log_began) = (self.step(), self.log_length());
            let (log_ended_when_healthy, answered) = (None, None);
            requests.push(Request {
                command: command.clone(),
                began,
                now,
                log_began,
                log_ended_when_healthy,
                answered,
            });
            requests.len() - 1
        };
        let server = Server::new(self, &command, hangs);
        let delivery =
            Delivery { connections: &self.gateway, push: &self.pushes, policy: POLICY, probes: &self.probes };
        let ways = (&delivery, &self.queue);
        let sending = send_message(&server, ways, &process.writer, command, ready(Ok(())), now);
        let deadline = self.now().plus(APPEND_DELAY_MAX - Duration::from_secs(1));
        let dies =
            || self.is_faulty() && self.random.once_in(self.scenario.crash_once_in) || self.now() > deadline;
        let answer = match mortal(sending, dies).await? {
            Ok(ack) => Ok(ack),
            Err(Error::Refused(refusal)) => Err(refusal),
            Err(Error::Store(_) | Error::Contended) => return None,
            Err(error) => {
                self.fault(format!("answered {error:?}"));
                return None;
            }
        };
        let request = &mut self.requests()[index];
        request.answered = Some((self.step(), answer.clone()));
        request.log_ended_when_healthy = (!self.is_faulty()).then(|| self.log_length());
        Some(answer)
    }

    fn log_length(&self) -> u64 {
        self.memory.with_appended(<[Message]>::len) as u64
    }

    /// The author's read position for a key, the same for every send.
    fn through(&self, key: &str) -> ReadThrough {
        let mut throughs = self.throughs.lock().unwrap();
        let some = || match self.random.below(3) {
            0 => ReadThrough::Seq(Seq::new(self.random.below(self.log_length() + 2))),
            _ => ReadThrough::BeforeMessage,
        };
        *throughs.entry(key.to_owned()).or_insert_with(some)
    }

    /// Sends a message of the sender while nothing else runs.
    pub(crate) fn send_and_wait(self: &Arc<Self>, spawner: &Spawner, key: &str) -> Result<Ack, Refusal> {
        let (world, key) = (Arc::clone(self), key.to_owned());
        let answer = spawner.spawn(async move { world.send(sender(), &key, &key).await });
        self.run(spawner);
        answer.take().flatten().unwrap()
    }

    /// A send that crashes after it has claimed its key.
    pub(crate) fn claims_only(self: &Arc<Self>, spawner: &Spawner, key: &str) {
        let (world, key) = (Arc::clone(self), key.parse().unwrap());
        spawner.spawn(async move {
            let key =
                ClaimKey { user: sender(), conversation: world.conversation, key: &key, attempt: Attempt(0) };
            world.memory.claim(key, world.now()).await.unwrap();
        });
        self.run(spawner);
    }
}

//! Environments of functions that have just started and have no cached state.

use std::sync::Arc;

use confab_app::Limiter;
use confab_app::messages::send_message::Writer;
use confab_domain::budget::BudgetRates;
use confab_lambda::sleeper;

use crate::bench::Bench;
use crate::clients::limiter;

impl Bench {
    /// Gives the next send an environment that has just started.
    pub(crate) fn forget_warm_state(&mut self) {
        self.send.writer = Writer::new(self.send.writer.retention, sleeper::sleeper());
        self.send.limiter = limiter();
    }

    /// Gives every function a fresh environment with these rates.
    pub(crate) fn is_elsewhere(&mut self, rates: BudgetRates) {
        self.send.limiter = Arc::new(Limiter::new(rates));
        self.sync.limiter = Arc::new(Limiter::new(rates));
        let Self { clients, fan_out_queue, presence_queue, pushes_queue, applications, .. } = self;
        let presence = clients.presence("api", &presence_queue.url);
        let writer = Writer::new(self.send.writer.retention, sleeper::sleeper());
        let limiter = Arc::new(Limiter::new(rates));
        self.api = clients.api(&fan_out_queue.url, (pushes_queue, applications), presence, writer, limiter);
    }
}

//! Budgets in session rows.
//!
//! Shape: `{writes_full_at_ms N?, answers_full_at_ms N?, frames_full_at_ms N?, tickets_full_at_ms N?}`, beside what
//! [`crate::sessions`] has there. Each is moved on in place, from now or from where it is; which of the two is a
//! condition, so that of processes that add at the same moment nobody's charge is lost.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use confab_app::ports::StoreError;
use confab_domain::Timestamp;
use confab_domain::budget::{Budget, Budgets, Charge, Charges, PerBudget};

use crate::item::{Reader, number, time};

/// Attempts while others add to the same budgets.
///
/// Only a bucket that comes into use, or out of it, between two writes costs another attempt.
pub(crate) const CHARGE_ATTEMPTS_MAX: u32 = 4;

/// Where a budget stands in a row.
const fn attribute_of(budget: Budget) -> &'static str {
    match budget {
        Budget::Writes => "writes_full_at_ms",
        Budget::Answers => "answers_full_at_ms",
        Budget::Frames => "frames_full_at_ms",
        Budget::Tickets => "tickets_full_at_ms",
    }
}

/// The budgets of a row.
pub(crate) fn budgets(row: Reader<'_>) -> Result<Budgets, StoreError> {
    let full_at = |budget| row.optional_time(attribute_of(budget));
    Ok(PerBudget {
        writes: full_at(Budget::Writes)?,
        answers: full_at(Budget::Answers)?,
        frames: full_at(Budget::Frames)?,
        tickets: full_at(Budget::Tickets)?,
    })
}

/// Charges as part of an update, by what is expected of each bucket.
#[derive(Debug)]
pub(crate) struct Additions<'a> {
    charges: &'a Charges,
    in_use: PerBudget<bool>,
    now: Timestamp,
}

impl<'a> Additions<'a> {
    /// As the process expects it.
    pub(crate) fn expected(charges: &'a Charges, now: Timestamp) -> Self {
        let mut in_use = PerBudget::default();
        for budget in Budget::ALL {
            in_use[budget] = charges[budget].is_some_and(|charge| charge.was_in_use);
        }
        Self { charges, in_use, now }
    }

    /// As it was found to be.
    pub(crate) fn found(&mut self, budgets: &Budgets) {
        for (budget, charge) in self.each() {
            let is_believed = |at: &Timestamp| *at > self.now && *at <= charge.believed_until;
            self.in_use[budget] = budgets[budget].filter(is_believed).is_some();
        }
    }

    /// What follows `SET`.
    pub(crate) fn assignments(&self) -> Vec<String> {
        let assignment = |(budget, _)| {
            let name = attribute_of(budget);
            let from = if self.in_use[budget] { format!("#{name}") } else { ":now".to_owned() };
            format!("#{name} = {from} + :{name}_cost")
        };
        self.each().map(assignment).collect()
    }

    /// What has to be so.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let condition = |(budget, _)| {
            let name = attribute_of(budget);
            if self.in_use[budget] {
                format!("#{name} > :now AND #{name} <= :{name}_until")
            } else {
                format!("(attribute_not_exists(#{name}) OR #{name} <= :now OR #{name} > :{name}_until)")
            }
        };
        self.each().map(condition).collect()
    }

    /// Gives an update the names and values that [`Additions::assignments`] and [`Additions::conditions`] use, but `:now`.
    pub(crate) fn bind(&self, mut update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        for (budget, charge) in self.each() {
            let name = attribute_of(budget);
            let cost = u64::try_from(charge.cost.as_millis()).unwrap_or(u64::MAX);
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}_cost"), number(cost))
                .expression_attribute_values(format!(":{name}_until"), time(charge.believed_until));
        }
        update
    }

    fn each(&self) -> impl Iterator<Item = (Budget, Charge)> + use<> {
        let charges = *self.charges;
        Budget::ALL.into_iter().filter_map(move |budget| Some((budget, charges[budget]?)))
    }
}

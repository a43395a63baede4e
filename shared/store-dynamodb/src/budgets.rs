//! Budgets in session rows.
//!
//! Shape: `{writes_full_at_ms N?, answers_full_at_ms N?, frames_full_at_ms N?, tickets_full_at_ms N?}`, beside the
//! attributes of [`crate::sessions`]. A charge moves each attribute on, from now or from its value. Which of the two is
//! a condition of the update, so that no charge is lost when processes add at the same moment.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use confab_app::ports::StoreError;
use confab_domain::Timestamp;
use confab_domain::budget::{Budget, Budgets, Charge, Charges, PerBudget};

use crate::item::{Reader, number, time};

/// Attempts of a charge while other processes add to the same budgets.
///
/// Only a bucket that comes into use, or goes out of use, between two writes costs another attempt.
pub(crate) const CHARGE_ATTEMPTS_MAX: u32 = 4;

/// Attribute of a budget.
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

/// Charges as a part of an update, by the expected state of each bucket.
#[derive(Debug)]
pub(crate) struct Additions<'a> {
    charges: &'a Charges,
    found: PerBudget<Found>,
    now: Timestamp,
}

/// Expected state of a bucket in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Found {
    /// Full, or with a time that is not believed: the charge counts from now.
    #[default]
    Full,
    /// In use: the charge is added.
    InUse,
    /// So far in use that the charge is cut.
    Exhausted,
}

/// Latest time of a bucket in use to which the whole charge can be added.
fn room_until(charge: &Charge, now: Timestamp) -> Timestamp {
    charge.at_most.minus(charge.cost).max(now)
}

impl<'a> Additions<'a> {
    /// Charges to buckets in the state that the process expects.
    pub(crate) fn expected(charges: &'a Charges, now: Timestamp) -> Self {
        let mut found = PerBudget::default();
        for budget in Budget::ALL {
            let was_in_use = charges[budget].is_some_and(|charge| charge.was_in_use);
            found[budget] = if was_in_use { Found::InUse } else { Found::Full };
        }
        Self { charges, found, now }
    }

    /// Sets the state of each bucket to the one in the row.
    pub(crate) fn found(&mut self, budgets: &Budgets) {
        for (budget, charge) in self.each() {
            let is_believed = |at: &Timestamp| *at > self.now && *at <= charge.believed_until;
            self.found[budget] = match budgets[budget].filter(is_believed) {
                None => Found::Full,
                Some(at) if at <= room_until(&charge, self.now) => Found::InUse,
                Some(_) => Found::Exhausted,
            };
        }
    }

    /// Clauses of `SET`.
    pub(crate) fn assignments(&self) -> Vec<String> {
        let assignment = |(budget, _)| {
            let name = attribute_of(budget);
            match self.found[budget] {
                Found::Full => format!("#{name} = :now + :{name}_cost"),
                Found::InUse => format!("#{name} = #{name} + :{name}_cost"),
                Found::Exhausted => format!("#{name} = :{name}_most"),
            }
        };
        self.each().map(assignment).collect()
    }

    /// Conditions of the update.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let condition = |(budget, _)| {
            let name = attribute_of(budget);
            match self.found[budget] {
                Found::Full => {
                    format!("(attribute_not_exists(#{name}) OR #{name} <= :now OR #{name} > :{name}_until)")
                }
                Found::InUse => format!("#{name} > :now AND #{name} <= :{name}_room"),
                Found::Exhausted => {
                    format!("#{name} > :now AND #{name} > :{name}_room AND #{name} <= :{name}_until")
                }
            }
        };
        self.each().map(condition).collect()
    }

    /// Binds the names and values of [`Additions::assignments`] and [`Additions::conditions`] to an update, except
    /// `:now`.
    pub(crate) fn bind(&self, mut update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        for (budget, charge) in self.each() {
            let name = attribute_of(budget);
            let cost = number(u64::try_from(charge.cost.as_millis()).unwrap_or(u64::MAX));
            let (room, until) = (time(room_until(&charge, self.now)), time(charge.believed_until));
            // DynamoDB refuses values that are not used.
            let values = match self.found[budget] {
                Found::Full => vec![("cost", cost), ("until", until)],
                Found::InUse => vec![("cost", cost), ("room", room)],
                Found::Exhausted => vec![("most", time(charge.at_most)), ("room", room), ("until", until)],
            };
            update = update.expression_attribute_names(format!("#{name}"), name);
            for (value, attribute) in values {
                update = update.expression_attribute_values(format!(":{name}_{value}"), attribute);
            }
        }
        update
    }

    fn each(&self) -> impl Iterator<Item = (Budget, Charge)> + use<> {
        let charges = *self.charges;
        Budget::ALL.into_iter().filter_map(move |budget| Some((budget, charges[budget]?)))
    }
}

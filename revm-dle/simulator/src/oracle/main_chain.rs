//! What passes between the seats and the main chain.

use alloy::primitives::B256;
use conet_bindings::statement;
use conet_committee::{
    archive::{Beginning, Named, item::Wanted},
    keys::NodeId,
};

use super::{Oracle, Violation};

impl Oracle {
    /// The main chain names who shall sit next.
    pub(crate) fn see_named(&mut self, named: &Named) {
        self.cast.see_named(named);
    }

    /// An honest seat certifies what its epoch ended with.
    pub(crate) fn see_statement(
        &mut self,
        node: NodeId,
        statement: &statement::Handover,
    ) -> Result<(), Violation> {
        self.cast.see_statement(node, statement)
    }

    /// The main chain took rent for a chain.
    pub(crate) fn see_paid(&mut self, chain: B256, paid_through_s: u64) {
        self.books.see_paid(chain, paid_through_s);
    }

    /// An honest seat certifies a seed that the main chain wants.
    pub(crate) fn see_beacon(
        &mut self,
        node: NodeId,
        wanted: &Wanted,
        (said, value): (&Wanted, B256),
    ) -> Result<(), Violation> {
        let index = wanted.index;
        let wrong = |why| Err(Violation::WrongSeed { index, node, why });
        if said != wanted {
            return wrong("the main chain wants another");
        }
        if *self.beacons.entry(index).or_insert(value) != value {
            return wrong("another honest seat certified another value");
        }
        if self.beacons.iter().any(|(other, seen)| *other != index && *seen == value) {
            return wrong("it is that of another number");
        }
        Ok(())
    }

    /// The main chain begins an epoch, after the entry of this height and time.
    pub(crate) fn see_beginning(
        &mut self,
        beginning: &Beginning,
        after: (u64, u64),
    ) -> Result<(), Violation> {
        self.log.check_last(beginning, after.0)?;
        self.cast.begin(beginning, after);
        Ok(())
    }
}

//! A seat's part in the group's seeds.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::keccak256;
use conet_committee::{
    keys::NodeId,
    roulette::{
        bls::{GroupKey, SeedShare},
        dkg::{Ceremony, Dealer, DkgError, Identity, Player, Tally},
        epoch::EpochSeeds,
    },
    seat::SeedKeys,
    seats::Seats,
};
use zeroize::Zeroizing;

/// **For development networks only**: a ceremony of all seats whose secrets follow from public names, so that every seat
/// works out the same key and its own share without talking to anybody. Whoever knows the names knows all shares, and so
/// all seeds to come.
///
/// # Errors
/// [`DkgError`], when the seats are none that can have a key, or `me` is not one of them.
pub fn development_seeds(seats: &Seats, me: NodeId) -> Result<Arc<dyn SeedKeys>, DkgError> {
    let (key, mut shares) = development_shares(seats)?;
    let share = shares.remove(&me).ok_or(DkgError::NotPlayer { node: me })?;
    Ok(Arc::new(EpochSeeds::new((seats.group, seats.epoch), Arc::new(key), Arc::new(share))))
}

fn development_shares(seats: &Seats) -> Result<(GroupKey, BTreeMap<NodeId, SeedShare>), DkgError> {
    let identity = |node: &NodeId| Identity::new(*node, &secret(seats, *node, b"identity"));
    let identities: Vec<_> = seats.nodes().iter().map(identity).collect::<Result<_, _>>()?;
    let members: Vec<_> = identities.iter().map(|identity| identity.member(seats.group)).collect();
    let ceremony = Ceremony::fresh(seats.group, seats.epoch, &members)?;
    let player = |identity: &Identity| Player::new(&ceremony, identity);
    let mut players: Vec<_> = identities.iter().map(player).collect::<Result<_, _>>()?;
    let mut tally = Tally::new(&ceremony);
    for identity in &identities {
        let entropy = secret(seats, identity.node(), b"dealer");
        let (mut dealer, dealing) = Dealer::start(&ceremony, identity, None, &entropy)?;
        for player in &mut players {
            dealer.acknowledge(&player.receive(&dealing)?)?;
        }
        tally.record(&dealer.finish())?;
    }
    let entropy = secret(seats, NodeId(0), b"player");
    let key = tally.key(&entropy)?;
    let mut shares = BTreeMap::new();
    for (player, identity) in players.into_iter().zip(&identities) {
        let (_, share) = player.finish(&tally, &entropy)?;
        shares.insert(identity.node(), share);
    }
    Ok((key, shares))
}

fn secret(seats: &Seats, node: NodeId, what: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut preimage = b"CoNET development seeds, known to everybody".to_vec();
    preimage.extend(seats.log);
    preimage.extend(seats.epoch.to_be_bytes());
    preimage.extend(node.0.to_be_bytes());
    preimage.extend(what);
    Zeroizing::new(keccak256(preimage).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_seats_work_out_the_same_key() {
        let seats = Seats::new(1, 2, 3, (1..=4).map(NodeId).collect());
        let all: Vec<_> =
            seats.nodes().iter().map(|node| development_seeds(&seats, *node).unwrap()).collect();
        let parts = |skip: u64| {
            let some = seats.nodes().iter().zip(&all).filter(move |(node, _)| node.0 != skip);
            some.map(|(node, seeds)| (*node, seeds.part(7))).collect::<BTreeMap<_, _>>()
        };
        let seed = all[0].combine(7, &parts(1)).unwrap();
        assert_eq!(all[3].combine(7, &parts(4)), Some(seed.clone()));
        assert!(all[2].clone().checker().value(7, &seed).is_some());
        assert!(development_seeds(&seats, NodeId(9)).is_err());
    }
}

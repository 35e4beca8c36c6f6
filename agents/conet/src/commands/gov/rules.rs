//! Everything that votes decide, as it is now.

use alloy::primitives::U256;
use conet_chain::{
    Mainchain,
    amounts::{conet_text, percent},
};
use serde_json::json;

use crate::context::Context;

pub(super) async fn show(chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let now = chain.parameters().snapshot().call().await?;
    let price = chain.price_feed().price().call().await?;
    let stakes: serde_json::Map<_, _> = conet_bindings::roles::ALL
        .iter()
        .zip(now.minimumStake)
        .map(|((_, role), stake)| ((*role).to_owned(), conet_text(stake).into()))
        .collect();
    let fees: Vec<_> = now.nameFee.iter().map(|fee| conet_text(*fee)).collect();
    let minting = if now.mintingPaused { "paused" } else { "open" };
    let pooled = if now.nameFeesBurned { "burned" } else { "pooled" };
    let price = price.valid.then(|| format!("{}.{:08}", price.price_ / E8, price.price_ % E8));
    let json = json!({
        "transfer_fee": percent(now.transferFeeRate),
        "exit_fee": percent(now.exitFeeRate),
        "dle_gas_price_pico_dollars": now.dleGasPrice,
        "minimum_stake_conet": stakes,
        "rent_micro_dollars_per_day": { "asset": now.rentPerDay[0], "storage": now.rentPerDay[1] },
        "name_fee_conet_per_year": fees,
        "name_fees": pooled,
        "stablecoins": now.stablecoins,
        "listed_assets": u64::try_from(now.listedAssetCount)?,
        "price_feed": now.priceFeed,
        "price_dollars": price,
        "guardian": now.guardian,
        "minting": minting,
    });
    let mut text = format!(
        "transfer-fee    {}\nexit-fee        {}\ndle-gas-price   {} pico-dollars",
        percent(now.transferFeeRate),
        percent(now.exitFeeRate),
        now.dleGasPrice
    );
    for (role, stake) in &stakes {
        text += &format!("\nminimum-stake   {role}: {} CoNET", stake.as_str().unwrap_or_default());
    }
    text += &format!(
        "\nrent            {} (asset), {} (storage) micro-dollars a day\nname-fee        {} CoNET a year \
         for 1, 2, 3, 4, 5 and more characters, {pooled}",
        now.rentPerDay[0],
        now.rentPerDay[1],
        fees.join(", ")
    );
    for stablecoin in &now.stablecoins {
        text += &format!("\nstablecoin      {stablecoin}");
    }
    let price = price.map_or("no valid price".into(), |price| format!("${price} for one CoNET"));
    text += &format!(
        "\nlisted assets   {}\nprice           {price}, from {}\nguardian        {}\nminting         {minting}",
        now.listedAssetCount, now.priceFeed, now.guardian
    );
    Ok(context.output.result(&json, &text)?)
}

/// What prices are multiplied with.
const E8: U256 = U256::from_limbs([100_000_000, 0, 0, 0]);

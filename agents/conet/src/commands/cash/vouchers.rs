//! Vouchers: what payers sign for payees.

use conet_chain::{Mainchain, forced_exit};
use serde_json::json;

use super::VoucherArgs;
use crate::{actor::dollars_text, context::Context, files::write};

pub(super) async fn sign(
    args: VoucherArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let opened_in = args.genesis_hash.zip(args.series);
    let (note, authorization) = (args.note, args.authorization);
    let signed =
        forced_exit::voucher(chain, &payer, note, authorization, args.total, opened_in).await?;
    let (total, lock) = (dollars_text(signed.total), signed.lock_id());
    let json = json!({
        "payer": signed.payer,
        "series": signed.series,
        "authorization": signed.authorization,
        "lock_id": lock,
        "total_dollars": total,
    });
    let text = format!("{} lets the payee claim ${total} of lock {lock} in all", signed.payer);
    write(&signed, &args.out, &text, &json, context)
}

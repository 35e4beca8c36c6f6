//! What the geneses of small chains define: structs that a chain's contract decodes in `initialize`, which its ABI knows as
//! bytes. A genesis carries their `abi_encode`. See `INoteChain.sol` and `History.sol`.

pub use types::{
    AccountBalance, Carried, CarriedLock, CarriedWithdrawal, HistoryDefinitions, Lock,
    NoteDefinitions, Withdrawal,
};

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        #![sol(all_derives)]

        /// What is locked for a payee.
        struct Lock {
            address payer;
            address payee;
            uint64 limit;
            uint64 claimed;
            uint64 acceptUntil;
            uint64 claimUntil;
            uint32 feeRate;
            uint64 amount;
        }

        /// What leaves a note.
        struct Withdrawal {
            address recipient;
            uint64 amount;
            address relayer;
            uint64 relayerFee;
        }

        /// What an account has. Pico-dollars.
        struct AccountBalance {
            address account;
            uint64 balance;
        }

        /// A lock of the series before.
        struct CarriedLock {
            bytes32 lockId;
            Lock lock;
        }

        /// A withdrawal of the series before.
        struct CarriedWithdrawal {
            uint64 id;
            Withdrawal withdrawal;
        }

        /// What the series before leaves.
        struct Carried {
            AccountBalance[] accounts;
            CarriedLock[] locks;
            CarriedWithdrawal[] withdrawals;
            uint64 nextWithdrawal;
            uint64 fees;
            uint64 gas;
        }

        /// Of a note.
        struct NoteDefinitions {
            address cash;
            address pot;
            uint32 series;
            uint32 feeRate;
            uint64 leafMinimum;
            address buyer;
            uint64 deposit;
            Carried carried;
        }

        /// Of a history.
        struct HistoryDefinitions {
            address owner;
            bytes32 asset;
            string title;
        }
    }
}

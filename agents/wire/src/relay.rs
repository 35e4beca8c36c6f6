//! What a relay says about a message it was asked to forward.

/// The status byte of a relay's answer, on both legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RelayStatus {
    /// The agent's sealed answer follows.
    Answered = 0,
    /// The agent's answer is one [`crate::parcel::Status`] byte: there was no reply key.
    AnsweredPlain = 1,
    /// The agent's stream of cells follows.
    Streaming = 2,
    /// No recipient could be read.
    Malformed = 16,
    /// The recipient is no registered node.
    UnknownNode = 17,
    /// The node does not answer.
    Unreachable = 18,
    /// The relay, or the node, has too much to do.
    Busy = 19,
    /// The message may not be passed on once more.
    HopLimit = 20,
    /// The node named is no agent.
    NotAnAgent = 21,
}

impl RelayStatus {
    /// Reads its byte.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Answered,
            1 => Self::AnsweredPlain,
            2 => Self::Streaming,
            16 => Self::Malformed,
            17 => Self::UnknownNode,
            18 => Self::Unreachable,
            19 => Self::Busy,
            20 => Self::HopLimit,
            21 => Self::NotAnAgent,
            _ => return None,
        })
    }
}

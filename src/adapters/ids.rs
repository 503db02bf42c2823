//! Fresh identifiers from the machine's random source. Whether one is taken already is the store's business.

use crate::domain::ids::{Handle, OperationId, RequestId};
use crate::ports::Ids;

/// Characters after `req-` that a fresh request id has.
const REQUEST_LENGTH_CHARS: usize = 4;

/// Identifiers nobody can guess.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn request(&self) -> RequestId {
        loop {
            let tail: String =
                random::<32>().iter().filter_map(|byte| letter(*byte)).take(REQUEST_LENGTH_CHARS).collect();
            // A batch in which too many bytes fell outside the alphabet is thrown away whole.
            if let Some(id) = RequestId::from_tail(&tail) {
                return id;
            }
        }
    }

    fn operation(&self) -> OperationId {
        OperationId::new(format!("op-{}", hex(&random::<16>())))
    }

    fn handle(&self) -> Handle {
        Handle::new(format!("h_{}", hex(&random::<16>())))
    }
}

/// The letter for a byte; `None` where taking the remainder would favour some letters.
fn letter(byte: u8) -> Option<char> {
    RequestId::ALPHABET.get(usize::from(byte & 0b1_1111)).map(|letter| char::from(*letter))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes to every running program");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_request_id_is_four_letters_that_survive_being_read_aloud() {
        for _ in 0..1_000 {
            let id = RandomIds.request();
            assert_eq!(id.tail().len(), REQUEST_LENGTH_CHARS);
            assert_eq!(RequestId::parse(&id.to_string()), Some(id));
        }
    }

    #[test]
    fn every_letter_of_the_alphabet_is_used() {
        let used: BTreeSet<char> =
            (0..2_000).flat_map(|_| RandomIds.request().tail().chars().collect::<Vec<_>>()).collect();
        assert_eq!(used.len(), RequestId::ALPHABET.len());
    }

    #[test]
    fn no_two_handles_or_operations_are_equal() {
        let handles: BTreeSet<_> = (0..1_000).map(|_| RandomIds.handle()).collect();
        let operations: BTreeSet<_> = (0..1_000).map(|_| RandomIds.operation()).collect();
        assert_eq!((handles.len(), operations.len()), (1_000, 1_000));
    }
}
